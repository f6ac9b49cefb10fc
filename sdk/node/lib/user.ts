import { EJSON } from "bson";

import type { App } from "./app";
import { Credentials, assertCredentials } from "./credentials";
import { TypeAssertionError } from "./errors";
import { NativeUser, promiseOf } from "./native";

export const UserState = {
  LoggedIn: "LoggedIn",
  LoggedOut: "LoggedOut",
  Removed: "Removed",
} as const;
export type UserState = (typeof UserState)[keyof typeof UserState];

export const ProviderType = {
  AnonUser: "anon-user",
  ApiKey: "api-key",
  LocalUserPass: "local-userpass",
  CustomFunction: "custom-function",
  CustomToken: "custom-token",
  OAuth2Google: "oauth2-google",
  OAuth2Facebook: "oauth2-facebook",
  OAuth2Apple: "oauth2-apple",
} as const;
export type ProviderType = (typeof ProviderType)[keyof typeof ProviderType];

/** One way in which a user logs in. */
export interface UserIdentity {
  id: string;
  providerType: ProviderType;
}

/** What the server knows of a user. */
export interface DefaultUserProfileData {
  name?: string;
  email?: string;
  pictureUrl?: string;
  firstName?: string;
  lastName?: string;
  gender?: string;
  birthday?: string;
  minAge?: string;
  maxAge?: string;
  [key: string]: unknown;
}

/** Somebody who logged in to an app. Compare users by `id`. */
export class User {
  readonly #native: NativeUser;
  declare readonly app: App;

  constructor(app: App, native: NativeUser) {
    this.#native = native;
    Object.defineProperty(this, "app", { value: app, enumerable: false });
  }

  get id(): string {
    return this.#native.id();
  }
  get isLoggedIn(): boolean {
    return this.state === UserState.LoggedIn;
  }
  get state(): UserState {
    return this.#native.state();
  }
  get accessToken(): string | null {
    return this.#native.accessToken() || null;
  }
  get refreshToken(): string | null {
    return this.#native.refreshToken() || null;
  }
  get deviceId(): string | null {
    return this.#native.deviceId() || null;
  }
  /** In the order in which they came: the first made the user. */
  get identities(): UserIdentity[] {
    return this.#native.identities() as UserIdentity[];
  }
  /** @deprecated A user may have several `identities`; this is the first one's. */
  get providerType(): ProviderType {
    const [first] = this.identities;
    if (first === undefined) throw new Error("The user has no identity.");
    return first.providerType;
  }
  /** As of the log-in, or of the newest identity. */
  get profile(): DefaultUserProfileData {
    const data = Object.entries(parseDocument(this.#native.profile()));
    return Object.fromEntries(data.map(([name, value]) => [toCamelCase(name), value]));
  }
  /** As of the newest access token; see `refreshCustomData`. */
  get customData(): Record<string, unknown> {
    return parseDocument(this.#native.customData());
  }

  /**
   * Ends the log-in: its sessions stop at once, and go on when the user logs in again; the server is
   * told when it can be reached. An anonymous user is removed, with its realm files.
   */
  async logOut(): Promise<void> {
    await promiseOf<undefined>((done) => this.#native.logOut(done));
  }
  /**
   * Adds a way to log in, which must be registered and belong to nobody. An anonymous user becomes
   * one who can log in again, and keeps all data.
   */
  async linkCredentials(credentials: Credentials): Promise<void> {
    assertCredentials(credentials);
    const { email, password } = credentials;
    await promiseOf<undefined>((done) => this.#native.linkCredentials(email, password, done));
  }
  /** Renews the access token, and answers with the custom data in it. */
  async refreshCustomData(): Promise<Record<string, unknown>> {
    await promiseOf<undefined>((done) => this.#native.refreshCustomData(done));
    return this.customData;
  }

  /**
   * Calls back when the token was renewed, a way to log in was added, and when the user has logged in
   * or out.
   */
  addListener(callback: () => void): void {
    this.app._listenersOf(this.id).add(callback, (call) => this.#native.observe(call));
  }
  removeListener(callback: () => void): void {
    this.app._listenersOf(this.id).remove(callback);
  }
  removeAllListeners(): void {
    this.app._listenersOf(this.id).removeAll();
  }

  /** Whether nobody could log in as this user again. @internal */
  get _isAnonymous(): boolean {
    const { identities } = this;
    return identities.length === 1 && identities[0]?.providerType === ProviderType.AnonUser;
  }
  /** @internal */
  get _native(): NativeUser {
    return this.#native;
  }
}

export function assertUser(value: unknown): asserts value is User {
  if (!(value instanceof User)) throw new TypeAssertionError("an instance of User", value, "user");
}

function parseDocument(text: string): Record<string, unknown> {
  return EJSON.parse(text) as Record<string, unknown>;
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
