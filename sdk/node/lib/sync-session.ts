import { assertFunction } from "./assert";
import { TimeoutError } from "./errors";
import { Listeners, callListener } from "./listeners";
import { NativeCompletion, NativeSyncSession } from "./native";
import type { User } from "./user";

export const SessionState = {
  Invalid: "invalid",
  Active: "active",
  Inactive: "inactive",
} as const;
export type SessionState = (typeof SessionState)[keyof typeof SessionState];

export const ConnectionState = {
  Disconnected: "disconnected",
  Connecting: "connecting",
  Connected: "connected",
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

export const ProgressDirection = { Download: "download", Upload: "upload" } as const;
export type ProgressDirection = (typeof ProgressDirection)[keyof typeof ProgressDirection];

export const ProgressMode = {
  ReportIndefinitely: "reportIndefinitely",
  ForCurrentlyOutstandingWork: "forCurrentlyOutstandingWork",
} as const;
export type ProgressMode = (typeof ProgressMode)[keyof typeof ProgressMode];

/** With one declared parameter it gets the estimate from 0 to 1, otherwise two byte counts. */
export type ProgressNotificationCallback =
  ((estimate: number) => void) | ((transferred: number, transferable: number) => void);
export type ConnectionNotificationCallback = (
  newState: ConnectionState,
  oldState: ConnectionState,
) => void;

// By function over the whole process: a callback may be removed through any session object.
const progressListeners = new Listeners<(...args: number[]) => void>();
const connectionListeners = new Listeners<ConnectionNotificationCallback>();

/** The synchronisation of one file with its server. */
export class SyncSession {
  readonly #native: NativeSyncSession;
  readonly user: User;

  constructor(native: NativeSyncSession, user: User) {
    this.#native = native;
    this.user = user;
  }

  get state(): SessionState {
    return this.#native.isActive() ? SessionState.Active : SessionState.Inactive;
  }
  get connectionState(): ConnectionState {
    return this.#native.connectionState();
  }
  isConnected(): boolean {
    return this.connectionState === ConnectionState.Connected && this.state === SessionState.Active;
  }

  /** Stops syncing this realm at once; waits are rejected, writes are kept for later. */
  pause(): void {
    this.#native.pause();
  }
  /** Connects at once, whatever delay there was. */
  resume(): void {
    this.#native.resume();
  }
  /** Tries now if it is waiting for its next attempt to connect. */
  reconnect(): void {
    this.#native.reconnect();
  }

  /**
   * Resolves once the server has confirmed all that was committed before the call.
   *
   * @throws {Error} (rejects) after `timeoutMs`, or when the session ends or is paused.
   */
  uploadAllLocalChanges(timeoutMs?: number): Promise<true> {
    return settle(`Uploading changes did not complete in ${timeoutMs ?? 0} ms.`, (done) =>
      this.#native.waitForUpload(timeoutMs ?? null, done),
    );
  }
  /** Resolves once all is integrated that the server had at the time of the call. */
  downloadAllServerChanges(timeoutMs?: number): Promise<true> {
    return settle(`Downloading changes did not complete in ${timeoutMs ?? 0} ms.`, (done) =>
      this.#native.waitForDownload(timeoutMs ?? null, done),
    );
  }

  addProgressNotification(
    direction: ProgressDirection,
    mode: ProgressMode,
    callback: ProgressNotificationCallback,
  ): void {
    assertFunction(callback, "callback");
    if (direction !== ProgressDirection.Upload && direction !== ProgressDirection.Download) {
      throw new Error(`Unexpected direction: ${String(direction)}`);
    }
    const listener = callback as (...args: number[]) => void;
    progressListeners.add(listener, () =>
      this.#native.observeProgress(
        direction === ProgressDirection.Upload,
        mode === ProgressMode.ReportIndefinitely,
        (transferred, transferable, estimate) => {
          if (callback.length === 1) {
            callListener(listener, estimate);
          } else {
            callListener(listener, transferred, transferable);
          }
        },
      ),
    );
  }
  removeProgressNotification(callback: ProgressNotificationCallback): void {
    progressListeners.remove(callback as (...args: number[]) => void);
  }

  addConnectionNotification(callback: ConnectionNotificationCallback): void {
    connectionListeners.add(callback, () =>
      this.#native.observeConnection((newState, oldState) =>
        callListener(callback, newState as ConnectionState, oldState as ConnectionState),
      ),
    );
  }
  removeConnectionNotification(callback: ConnectionNotificationCallback): void {
    connectionListeners.remove(callback);
  }
}

function settle(
  onTimeout: string,
  start: (done: NativeCompletion<undefined>) => void,
): Promise<true> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null) {
        resolve(true);
      } else {
        const { code } = error as NodeJS.ErrnoException;
        reject(code === "TimedOut" ? new TimeoutError(onTimeout) : error);
      }
    });
  });
}
