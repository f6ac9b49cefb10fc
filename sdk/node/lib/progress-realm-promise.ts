import { assertFunction } from "./assert";
import { callListener } from "./listeners";
import type { Realm } from "./realm";
import type { ProgressNotificationCallback } from "./sync-session";

export type ReportProgress = (transferred: number, transferable: number, estimate: number) => void;

/** What `Realm.open` returns: a promise that tells of its progress and can be cancelled. */
export class ProgressRealmPromise implements Promise<Realm> {
  readonly #listeners = new Set<ProgressNotificationCallback>();
  readonly #realm: Promise<Realm>;
  readonly #cancel: () => void;

  /** @internal */
  constructor(open: (report: ReportProgress) => Promise<Realm>, cancel: () => void) {
    this.#cancel = cancel;
    this.#realm = open((...progress) => {
      for (const callback of [...this.#listeners]) report(callback, ...progress);
    }).finally(() => this.#listeners.clear());
  }

  /** Ends this and every other opening of the same file; without effect when it has settled. */
  cancel(): void {
    this.#cancel();
  }

  /**
   * Calls `callback` at once, and whenever more of the server's data has arrived: with the estimate
   * from 0 to 1 if it declares one parameter, otherwise with two byte counts.
   */
  progress(callback: ProgressNotificationCallback): this {
    assertFunction(callback, "callback");
    this.#listeners.add(callback);
    report(callback, 0, 0, 1);
    return this;
  }

  then<Fulfilled = Realm, Rejected = never>(
    onFulfilled?: ((realm: Realm) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.#realm.then(onFulfilled, onRejected);
  }
  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Realm | Rejected> {
    return this.#realm.catch(onRejected);
  }
  finally(onFinally?: (() => void) | null): Promise<Realm> {
    return this.#realm.finally(onFinally);
  }

  get [Symbol.toStringTag](): string {
    return "ProgressRealmPromise";
  }
}

function report(
  callback: ProgressNotificationCallback,
  transferred: number,
  transferable: number,
  estimate: number,
): void {
  if (callback.length === 1) {
    callListener(callback as (estimate: number) => void, estimate);
  } else {
    callListener(
      callback as (transferred: number, transferable: number) => void,
      transferred,
      transferable,
    );
  }
}
