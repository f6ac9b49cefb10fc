import { assert, assertFunction, assertObject } from "./assert";
import { callListener } from "./listeners";
import { NativeClientReset, NativeRealm } from "./native";
import type { Realm } from "./realm";
import { ClientResetError } from "./sync-error";
import type { SyncSession } from "./sync-session";

/** What becomes of a file when the server has forgotten what sync needs to know of it. */
export const ClientResetMode = {
  /** The session ends; the file is put aside and begins anew. */
  Manual: "manual",
  /** It becomes as the server has it. */
  DiscardUnsyncedChanges: "discardUnsyncedChanges",
  /** The same, and what was not yet uploaded is repeated on it. */
  RecoverUnsyncedChanges: "recoverUnsyncedChanges",
  RecoverOrDiscardUnsyncedChanges: "recoverOrDiscardUnsyncedChanges",
} as const;
export type ClientResetMode = (typeof ClientResetMode)[keyof typeof ClientResetMode];

export type ClientResetFallbackCallback = (session: SyncSession, recoveryPath: string) => void;
export type ClientResetBeforeCallback = (localRealm: Realm) => void;
export type ClientResetAfterCallback = (beforeRealm: Realm, afterRealm: Realm) => void;

export interface ClientResetConfiguration {
  mode: ClientResetMode;
  /** Manual mode only. */
  onManual?: ClientResetFallbackCallback;
  /** Sees the state before the reset. */
  onBefore?: ClientResetBeforeCallback;
  onAfter?: ClientResetAfterCallback;
  /** An automatic reset was not possible. */
  onFallback?: ClientResetFallbackCallback;
}

const CALLBACKS = ["onManual", "onBefore", "onAfter", "onFallback"] as const;

export function validateClientReset(reset: ClientResetConfiguration, where: string): void {
  assertObject(reset, where);
  assert(
    Object.values(ClientResetMode).includes(reset.mode),
    `Expected 'mode' in ${where} to be a known client reset mode, got ${String(reset.mode)}`,
  );
  for (const name of CALLBACKS) {
    if (reset[name] !== undefined) assertFunction(reset[name], `'${name}' in ${where}`);
  }
}

/** The client resets of one realm: calls what its configuration names. */
export class ClientResets {
  #before: Realm | undefined;

  constructor(
    private readonly configuration: ClientResetConfiguration | undefined,
    private readonly realm: WeakRef<Realm>,
    private readonly wrap: (frozen: NativeRealm) => Realm,
  ) {}

  toNative(): NativeClientReset {
    const { mode, onBefore, onAfter } = this.configuration ?? {};
    const native = { mode: mode ?? ClientResetMode.RecoverUnsyncedChanges };
    if (onBefore === undefined && onAfter === undefined) return native;
    return {
      ...native,
      before: (frozen) => {
        this.#before = this.wrap(frozen);
        if (onBefore !== undefined) callListener(onBefore, this.#before);
      },
      after: () => {
        const realm = this.realm.deref();
        if (onAfter !== undefined && this.#before !== undefined && realm !== undefined) {
          callListener(onAfter, this.#before, realm);
        }
        this.#release();
      },
    };
  }

  /** The reset is left to the application. */
  failed(session: SyncSession, error: ClientResetError): void {
    this.#release();
    const { mode, onManual, onFallback } = this.configuration ?? {};
    const callback = mode === ClientResetMode.Manual ? onManual : onFallback;
    if (callback !== undefined) callListener(callback, session, error.config.path);
  }

  #release(): void {
    this.#before?.close();
    this.#before = undefined;
  }
}
