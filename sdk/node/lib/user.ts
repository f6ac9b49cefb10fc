import type { App } from "./app";
import { NativeUser } from "./native";

export const UserState = {
  LoggedIn: "LoggedIn",
  LoggedOut: "LoggedOut",
  Removed: "Removed",
} as const;
export type UserState = (typeof UserState)[keyof typeof UserState];

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
  get providerType(): string {
    return this.#native.provider();
  }

  /**
   * Ends the log-in: its sessions stop at once, and go on when the user logs in again; the server is
   * told when it can be reached. An anonymous user is forgotten.
   */
  logOut(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#native.logOut((error) => (error ? reject(error) : resolve()));
    });
  }

  /** Calls back when the token was renewed, and when the user has logged in or out. */
  addListener(callback: () => void): void {
    this.app._listenersOf(this.id).add(callback, (call) => this.#native.observe(call));
  }
  removeListener(callback: () => void): void {
    this.app._listenersOf(this.id).remove(callback);
  }
  removeAllListeners(): void {
    this.app._listenersOf(this.id).removeAll();
  }

  /** @internal */
  get _native(): NativeUser {
    return this.#native;
  }
}
