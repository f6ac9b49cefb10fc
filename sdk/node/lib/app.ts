import { assert, assertNumber, assertObject, assertOptionalBoolean, assertString } from "./assert";
import { Credentials } from "./credentials";
import { Listeners } from "./listeners";
import { NativeApp, native } from "./native";
import { User } from "./user";

export interface AppConfiguration {
  id: string;
  /** Root of the HTTP API; the address of the sync server is learned from there. */
  baseUrl?: string;
  /** Of an HTTP request, in milliseconds. */
  timeout?: number;
  multiplexSessions?: boolean;
  /** Root of synced realms and of the users' file. */
  baseFilePath?: string;
  metadata?: { mode: "noEncryption" | "inMemory" | "noMetadata" };
}

const DEFAULT_BASE_URL = "http://localhost:9090";
const DEFAULT_TIMEOUT_MS = 60_000;

/** Registering and the like for accounts with email and password. */
export class EmailPasswordAuth {
  readonly #native: NativeApp;

  constructor(app: NativeApp) {
    this.#native = app;
  }

  registerUser({ email, password }: { email: string; password: string }): Promise<void> {
    assertString(email, "email");
    assertString(password, "password");
    return new Promise((resolve, reject) => {
      this.#native.registerUser(email, password, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** An app on a server: logging in, and who is logged in here. */
export class App {
  static readonly #apps = new Map<string, WeakRef<App>>();

  readonly id: string;
  readonly #native: NativeApp;
  readonly #listeners = new Listeners<() => void>();
  /** By user: each access to a user gives another object. */
  readonly #userListeners = new Map<string, Listeners<() => void>>();

  constructor(config: AppConfiguration | string) {
    const configuration = typeof config === "string" ? { id: config } : config;
    assertObject(configuration, "config");
    const { id, baseUrl, timeout, multiplexSessions, baseFilePath, metadata } = configuration;
    assertString(id, "id");
    if (timeout !== undefined) assertNumber(timeout, "timeout");
    assertOptionalBoolean(multiplexSessions, "multiplexSessions");
    this.id = id;
    this.#native = new native.NativeApp({
      id,
      baseUrl: baseUrl ?? DEFAULT_BASE_URL,
      timeout: timeout ?? DEFAULT_TIMEOUT_MS,
      basePath: baseFilePath ?? process.cwd(),
      multiplexSessions: multiplexSessions ?? true,
      persistUsers: metadata === undefined || metadata.mode === "noEncryption",
    });
    App.#apps.set(id, new WeakRef(this));
  }

  /** The app of that id in this process; made when there is none. */
  static get(id: string): App {
    return App.#apps.get(id)?.deref() ?? new App(id);
  }
  static getApp(id: string): App {
    return App.get(id);
  }

  async logIn(credentials: Credentials): Promise<User> {
    assert(credentials instanceof Credentials, "Expected 'credentials' to be Credentials");
    const { currentUser } = this;
    if (credentials.reuse && currentUser?.providerType === "anon-user") return currentUser;
    return new Promise((resolve, reject) => {
      this.#native.logIn(credentials.email, credentials.password, (error, user) =>
        error ? reject(error) : resolve(new User(this, user)),
      );
    });
  }

  get emailPasswordAuth(): EmailPasswordAuth {
    return new EmailPasswordAuth(this.#native);
  }
  get currentUser(): User | null {
    const user = this.#native.currentUser();
    return user === null ? null : new User(this, user);
  }
  get allUsers(): Readonly<Record<string, User>> {
    return Object.fromEntries(
      this.#native.allUsers().map((user) => [user.id(), new User(this, user)]),
    );
  }
  /** Makes a user who is logged in the current one. */
  switchUser(user: User): void {
    assert(user instanceof User, "Expected 'user' to be a User");
    this.#native.switchUser(user._native);
  }

  /** Calls back when somebody has logged in or out, or has become the current user. */
  addListener(callback: () => void): void {
    this.#listeners.add(callback, (call) => this.#native.observe(call));
  }
  removeListener(callback: () => void): void {
    this.#listeners.remove(callback);
  }
  removeAllListeners(): void {
    this.#listeners.removeAll();
  }

  /** @internal */
  _listenersOf(userId: string): Listeners<() => void> {
    const listeners = this.#userListeners.get(userId) ?? new Listeners();
    this.#userListeners.set(userId, listeners);
    return listeners;
  }
}
