import { assert, assertFunction } from "./assert";
import { TypeAssertionError } from "./errors";
import { Listeners, callRealmListener } from "./listeners";
import type { NativeRealm } from "./native";
import type { Realm } from "./realm";
import type { CanonicalObjectSchema } from "./schema";

/** What happens to a realm as a whole. */
export const RealmEvent = {
  /** It shows another commit, of its own or of others. */
  Change: "change",
  /** The listeners of objects and collections are about to be called. */
  BeforeNotify: "beforenotify",
  /** The classes in the file are others than before. */
  Schema: "schema",
} as const;
export type RealmEvent = (typeof RealmEvent)[keyof typeof RealmEvent];
export type RealmEventName = RealmEvent;

export type RealmListenerCallback = (
  realm: Realm,
  name: RealmEventName,
  schema?: CanonicalObjectSchema[],
) => void;

/** The listeners of a realm, by event. */
export class RealmEvents {
  readonly #realm: Realm;
  readonly #native: NativeRealm;
  readonly #readSchema: () => void;
  readonly #listeners: Record<RealmEventName, Listeners<RealmListenerCallback>> = {
    change: new Listeners(),
    beforenotify: new Listeners(),
    schema: new Listeners(),
  };

  readonly #beforeNotify = new Set<() => void>();

  /** @param readSchema brings what the realm knows of the classes up to date. */
  constructor(realm: Realm, native: NativeRealm, readSchema: () => void) {
    this.#realm = realm;
    this.#native = native;
    this.#readSchema = readSchema;
  }

  /** Without effect for a function that is there already. */
  add(event: RealmEventName, callback: RealmListenerCallback): void {
    this.#checkOpen();
    if (!Object.hasOwn(this.#listeners, event))
      throw new Error(`Unexpected event name '${String(event)}'`);
    assertFunction(callback, "callback");
    const listeners = this.#listeners[event];
    if (listeners.has(callback)) return;
    listeners.add(callback, () => this.#observe(event, callback));
  }
  remove(event: RealmEventName, callback: RealmListenerCallback): void {
    this.#of(event).remove(callback);
  }
  /** @param event undefined: of all events. */
  removeAll(event?: RealmEventName): void {
    this.#checkOpen();
    if (event !== undefined) {
      this.#of(event).removeAll();
    } else {
      for (const listeners of Object.values(this.#listeners)) listeners.removeAll();
    }
  }

  /** What is not told yet is told at the start of a transaction. */
  beforeTransaction(): void {
    for (const call of [...this.#beforeNotify]) call();
  }

  #observe(event: RealmEventName, callback: RealmListenerCallback): () => void {
    if (event !== RealmEvent.Schema) {
      const call = () => callRealmListener(callback, this.#realm, event, undefined);
      const stop = this.#native.observe(call);
      if (event === RealmEvent.Change) return stop;
      this.#beforeNotify.add(call);
      return () => {
        stop();
        this.#beforeNotify.delete(call);
      };
    }
    let known = this.#classes();
    return this.#native.observe(() => {
      const found = this.#classes();
      if (found === known) return;
      known = found;
      this.#readSchema();
      callRealmListener(callback, this.#realm, event, this.#realm.schema);
    });
  }
  #classes(): string {
    return JSON.stringify(this.#native.schema());
  }

  #of(event: RealmEventName): Listeners<RealmListenerCallback> {
    this.#checkOpen();
    if (!Object.hasOwn(this.#listeners, event)) {
      throw new TypeAssertionError("one of 'change', 'schema' and 'beforenotify'", event, "event");
    }
    return this.#listeners[event];
  }
  #checkOpen(): void {
    assert(!this.#native.isClosed(), "Cannot access realm that has been closed");
  }
}
