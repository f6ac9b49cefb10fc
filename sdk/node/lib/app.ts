import { Sync } from "./app-sync";
import { assert, assertNumber, assertObject, assertOptionalBoolean, assertString } from "./assert";
import { Credentials, assertCredentials } from "./credentials";
import { Listeners } from "./listeners";
import { NativeApp, NativeUser, native, promiseOf } from "./native";
import { User, assertUser } from "./user";

/** Where the users that have logged in are kept. */
export const MetadataMode = {
  NoEncryption: "noEncryption",
  Encryption: "encryption",
  InMemory: "inMemory",
  NoMetadata: "noMetadata",
} as const;
export type MetadataMode = (typeof MetadataMode)[keyof typeof MetadataMode];

export interface AppConfiguration {
  id: string;
  /** Root of the HTTP API; the address of the sync server is learned from there. */
  baseUrl?: string;
  /** Of an HTTP request, in milliseconds. */
  timeout?: number;
  multiplexSessions?: boolean;
  /** Root of synced realms and of the users' file. */
  baseFilePath?: string;
  metadata?: { mode: Exclude<MetadataMode, "encryption"> };
  connection?: ConnectionParameters;
}

/** How sync connections behave; durations in milliseconds, one at least and a day at most. */
export interface ConnectionParameters {
  /** Before the first attempt after a failure; 1,000 by default. */
  initialDelay?: number;
  /** Where the delay stops to grow; 30,000. */
  maximumDelay?: number;
  /** How it grows while the cause stays the same; 2. */
  delayMultiplier?: number;
  /** Each delay is shortened at random by up to this part of it; 4. 0: by none. */
  jitterDivisor?: number;
  /** 60,000 */
  pingPeriod?: number;
  /** 120,000 */
  pongTimeout?: number;
  /** When what was sent has no answer for so long, and no PING either, the link is dead; 10,000. */
  answerTimeout?: number;
  /** How long a connection without sessions stays; 30,000. */
  lingerTime?: number;
  /** A connection that comes back within this time continues the one that was lost; 60,000. */
  fastReconnectLimit?: number;
}

function validateConnection(parameters: ConnectionParameters): void {
  assertObject(parameters, "connection");
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    assertNumber(value, `connection.${name}`);
    assert(
      Number.isSafeInteger(value) && value >= 0 && value <= 0xffffffff,
      `Expected 'connection.${name}' to be a natural number, got ${value}`,
    );
  }
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
    return promiseOf<undefined>((done) => this.#native.registerUser(email, password, done));
  }
}

/** An app on a server: logging in, and who is logged in here. */
export class App {
  static readonly Sync = Sync;
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
    validateConnection(configuration.connection ?? {});
    this.id = id;
    this.#native = new native.NativeApp({
      id,
      baseUrl: baseUrl ?? DEFAULT_BASE_URL,
      timeout: timeout ?? DEFAULT_TIMEOUT_MS,
      basePath: baseFilePath ?? process.cwd(),
      multiplexSessions: multiplexSessions ?? true,
      persistUsers: metadata === undefined || metadata.mode === "noEncryption",
      connection: configuration.connection ?? {},
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
    assertCredentials(credentials);
    const { currentUser } = this;
    if (credentials.reuse && currentUser?._isAnonymous) return currentUser;
    const { email, password } = credentials;
    const user = await promiseOf<NativeUser>((done) => this.#native.logIn(email, password, done));
    return new User(this, user);
  }

  /** @internal */
  get _native(): NativeApp {
    return this.#native;
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
    assertUser(user);
    this.#native.switchUser(user._native);
  }
  /**
   * Logs a user out and forgets who it was. Realm files of the user are removed when nobody has them
   * open, at the next start if need be; one with writes that were not uploaded stays for the user's
   * next log-in.
   */
  async removeUser(user: User): Promise<void> {
    assertUser(user);
    await promiseOf<undefined>((done) => this.#native.removeUser(user._native, done));
  }
  /** Removes the account from the server, and the user with all realm files from here. */
  async deleteUser(user: User): Promise<void> {
    assertUser(user);
    await promiseOf<undefined>((done) => this.#native.deleteUser(user._native, done));
  }

  /**
   * Calls back when somebody has logged in or out, has become the current user or was removed, and
   * when what is known of a user has changed.
   */
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
