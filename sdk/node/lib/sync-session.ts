import { assertFunction, assertObject } from "./assert";
import { TimeoutError, TypeAssertionError } from "./errors";
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

/** How a session is doing. What is counted is counted since the session began. */
export interface SyncSessionStats {
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly bytesReceived: number;
  /** Milliseconds that the newest answered PING took. */
  readonly roundTrip: number | null;
  /** Milliseconds since the server last said anything on the connection. */
  readonly lastMessageAge: number | null;
  /** Errors that were not worth telling are here too. */
  readonly lastError: Error | null;
  /** Milliseconds until it connects, or binds, again by itself; null: it is not waiting. */
  readonly nextRetry: number | null;
}

/** What was written and is not yet confirmed by the server. */
export interface PendingUploads {
  readonly transactions: number;
  /** Different ones that were created, changed or erased. */
  readonly objects: number;
  /** Of changesets, as progress counts them. */
  readonly bytes: number;
  /** Milliseconds since the oldest was committed; null when there are none. */
  readonly oldestAge: number | null;
}

/** That the server holds, on durable storage, all that had been committed. */
export interface Receipt {
  /** Of the newest commit of the file that it covers. */
  readonly version: bigint;
}

/** How a wait may end before its time. */
export interface WaitOptions {
  /** Milliseconds after which the wait is rejected with a `TimeoutError`. */
  timeout?: number;
  /** When it aborts, the wait is rejected with the signal's reason. */
  signal?: AbortSignal;
}

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

  /**
   * Stops syncing this realm at once; waits are rejected, writes are kept for later. With a
   * direction, only that one stops: the connection stays, and the other goes on.
   */
  pause(options?: { direction?: ProgressDirection }): void {
    this.#native.pause(toIsUpload(options));
  }
  /** Connects at once, whatever delay there was; without a direction, both go on. */
  resume(options?: { direction?: ProgressDirection }): void {
    this.#native.resume(toIsUpload(options));
  }
  /** Whether that direction is paused, alone or with the other. */
  isPaused(direction: ProgressDirection): boolean {
    assertDirection(direction);
    return this.#native.isPaused(direction === ProgressDirection.Upload);
  }
  /** Tries now if it is waiting for its next attempt to connect. */
  reconnect(): void {
    this.#native.reconnect();
  }

  /**
   * Resolves once the server has confirmed all that was committed before the call.
   *
   * @throws {Error} (rejects) `TimeoutError`, the signal's reason, or with the `code` "Cancelled"
   *   after a pause, "Closed", "Authentication" after a log-out, or that of the session's error.
   */
  async uploadAllLocalChanges(options?: number | WaitOptions): Promise<true> {
    await settle("Uploading changes", options, (timeout, done: NativeCompletion<undefined>) =>
      this.#native.waitForUpload(timeout, done),
    );
    return true;
  }
  /** Resolves once all is integrated that the server had at the time of the call. */
  async downloadAllServerChanges(options?: number | WaitOptions): Promise<true> {
    await settle("Downloading changes", options, (timeout, done: NativeCompletion<undefined>) =>
      this.#native.waitForDownload(timeout, done),
    );
    return true;
  }
  /**
   * Resolves once the server holds durably all that was committed before the call. Pauses do not
   * end it: it goes on with the session.
   */
  async receipt(options?: number | WaitOptions): Promise<Receipt> {
    const version = await settle(
      "The receipt",
      options,
      (timeout, done: NativeCompletion<bigint>) => this.#native.receipt(timeout, done),
    );
    return { version };
  }

  /** How it is doing, at this moment. */
  stats(): SyncSessionStats {
    return this.#native.stats();
  }
  /** What the server has not confirmed yet, read from the file. */
  pendingUploads(): PendingUploads {
    return this.#native.pendingUploads();
  }

  addProgressNotification(
    direction: ProgressDirection,
    mode: ProgressMode,
    callback: ProgressNotificationCallback,
  ): void {
    assertFunction(callback, "callback");
    assertDirection(direction);
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

function assertDirection(direction: unknown): void {
  if (direction !== ProgressDirection.Upload && direction !== ProgressDirection.Download) {
    throw new Error(`Unexpected direction: ${String(direction)}`);
  }
}

/** null stands for both directions. */
function toIsUpload(options?: { direction?: ProgressDirection }): boolean | null {
  if (options === undefined) return null;
  assertObject(options, "options");
  if (options.direction === undefined) return null;
  assertDirection(options.direction);
  return options.direction === ProgressDirection.Upload;
}

/** Runs a wait that `start` begins and whose end it is given a function for. */
function settle<T>(
  what: string,
  options: number | WaitOptions | undefined,
  start: (timeoutMs: number | null, done: NativeCompletion<T>) => () => void,
): Promise<T> {
  const { timeout, signal } = toWaitOptions(options);
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => {
      stop();
      reject(signal?.reason);
    };
    const stop = start(timeout === Infinity ? null : (timeout ?? null), (error, value) => {
      signal?.removeEventListener("abort", onAbort);
      if (error === null) {
        resolve(value);
      } else {
        const { code } = error as NodeJS.ErrnoException;
        const onTimeout = `${what} did not complete in ${timeout ?? 0} ms.`;
        reject(code === "TimedOut" ? new TimeoutError(onTimeout) : error);
      }
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function toWaitOptions(options: number | WaitOptions | undefined): WaitOptions {
  if (options === undefined) return {};
  if (typeof options === "number") return toWaitOptions({ timeout: options });
  assertObject(options, "options");
  const { timeout, signal } = options;
  if (timeout !== undefined && (typeof timeout !== "number" || !(timeout >= 0))) {
    throw new TypeAssertionError("a number of milliseconds", timeout, "timeout");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeAssertionError("an AbortSignal", signal, "signal");
  }
  return options;
}
