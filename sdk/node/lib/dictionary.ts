import { InspectOptionsStylized } from "node:util";

import { AssertionError, TypeAssertionError } from "./errors";
import { BoundProperty, ClassModel, fromNative } from "./class-model";
import { CONSTRUCT, Collection } from "./collection";
import { INSPECT, inspectAs } from "./inspection";
import { KeyPaths, toStoredKeyPaths } from "./key-paths";
import { Listeners, callListener } from "./listeners";
import { NativeCollectionHandle, NativeType } from "./native";
import { presentElements, toPlain } from "./ordered-collection";
import { writeValue } from "./write-value";

/** What happened to a dictionary, as keys. */
export interface DictionaryChangeSet {
  deletions: string[];
  insertions: string[];
  modifications: string[];
}
export type DictionaryChangeCallback<Dictionary> = (
  dictionary: Dictionary,
  changes: DictionaryChangeSet,
) => void;

const OPTIONAL_AS_NULL: readonly number[] = [
  NativeType.Int,
  NativeType.Float,
  NativeType.Double,
  NativeType.Date,
];

/** Names are keys, but for those of methods when they are read. */
const PROXY_HANDLER: ProxyHandler<Dictionary> = {
  get(target, name) {
    if (typeof name === "string" && !Reflect.has(target, name)) return target._get(name);
    const value: unknown = Reflect.get(target, name, target);
    // Methods run on the dictionary itself, which has the private state.
    return typeof value === "function" ? value.bind(target) : value;
  },
  set(target, name, value) {
    target.set(name as string, value);
    return true;
  },
  deleteProperty(target, name) {
    if (typeof name === "string") target.remove(name);
    return true;
  },
  ownKeys(target) {
    return [...target.keys()];
  },
  getOwnPropertyDescriptor(target, name) {
    if (typeof name !== "string" || !target._has(name)) return undefined;
    return { value: target._get(name), enumerable: true, configurable: true, writable: true };
  },
};

/** A live dictionary: `dictionary.key` and `dictionary["key"]` are its values. */
export class Dictionary<T = unknown> extends Collection<[string, T]> {
  readonly #self: this;
  readonly #model: ClassModel;
  readonly #row: number;
  readonly #property: BoundProperty;
  readonly #native: NativeCollectionHandle;
  readonly #listeners = new Listeners<DictionaryChangeCallback<never>>();

  constructor(
    key: symbol,
    model: ClassModel,
    row: number,
    property: BoundProperty,
    native: NativeCollectionHandle,
  ) {
    super(key);
    this.#model = model;
    this.#row = row;
    this.#property = property;
    this.#native = native;
    this.#self = new Proxy(this, PROXY_HANDLER as unknown as ProxyHandler<this>);
  }

  static of(model: ClassModel, row: number, property: BoundProperty, id = 0): Dictionary {
    const native = model.nativeRealm.collection(model.native.id, row, property.native.id, id);
    return new Dictionary(CONSTRUCT, model, row, property, native).#self;
  }

  isValid(): boolean {
    return this.#native.isValid();
  }

  /** Writes a value, or all those of an object. */
  set(key: string, value: T): this;
  set(values: Record<string, T>): this;
  set(key: string | Record<string, T>, value?: T): this {
    if (typeof key === "symbol") {
      throw new AssertionError("Symbols cannot be used as keys of a dictionary");
    }
    this.#model.realm._requireTransaction();
    if (typeof key === "object" && key !== null) {
      if (Object.getOwnPropertySymbols(key).length > 0) {
        throw new AssertionError("Symbols cannot be used as keys of a dictionary");
      }
      for (const [each, element] of entriesOf(key)) this.#put(each, element);
    } else {
      this.#put(String(key), value);
    }
    return this.#self;
  }
  /** Removes what is under a key or under several; those that are not there are ignored. */
  remove(key: string | string[]): this {
    if (typeof key !== "string" && !Array.isArray(key)) {
      throw new TypeError(`Expected a key or an array of keys, got ${typeof key}`);
    }
    this.#model.realm._requireTransaction();
    for (const each of typeof key === "string" ? [key] : key) this.#native.removeKey(each);
    return this.#self;
  }

  [INSPECT](depth: number | null, options: InspectOptionsStylized): string {
    const read = () => Object.fromEntries(this.entries());
    return inspectAs("Realm.Dictionary", this, read, depth, options);
  }

  keys(): IterableIterator<string> {
    return this.#native.keys().values();
  }
  *values(): IterableIterator<T> {
    for (const [, value] of this.entries()) yield value;
  }
  /** Those that there are now. */
  entries(): IterableIterator<[string, T]> {
    const keys = this.#native.keys();
    return entriesWith(keys, presentElements(keys.map((key) => this._get(key) as T)));
  }
  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.entries();
  }

  toJSON(_key?: string, cache: Map<string, unknown> = new Map()): Record<string, unknown> {
    return Object.fromEntries(
      [...this.entries()].map(([key, value]) => [key, toPlain(value, cache)]),
    );
  }

  /**
   * Calls `callback` once as soon as possible with empty changes, then after each commit that changed
   * which keys there are, one of the values, or an object up to three links behind it.
   *
   * @param keyPaths as those of other collections; they begin at the objects in the dictionary.
   * @throws {Error} when the same function is registered already, or a key path leads nowhere.
   */
  addListener(callback: DictionaryChangeCallback<this>, keyPaths?: KeyPaths): void {
    const target = this.#property.target?.();
    this.#listeners.add(callback, () =>
      this.#native.observeKeys(
        (deletions, insertions, modifications) =>
          callListener(callback, this.#self, { deletions, insertions, modifications }),
        target && toStoredKeyPaths(target, keyPaths),
      ),
    );
  }
  removeListener(callback: DictionaryChangeCallback<this>): void {
    this.#listeners.remove(callback);
  }
  removeAllListeners(): void {
    this.#listeners.removeAll();
  }

  /** Replaces the whole content. @internal */
  _assign(value: unknown): void {
    const { name } = this.#property.schema;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new TypeAssertionError("an object", value, `'values of ${name}'`);
    }
    if (value instanceof Dictionary && value._isSameAs(this)) return;
    const entries = entriesOf(value);
    this.#native.clear();
    for (const [key, element] of entries) this.#put(key, element);
  }
  /** @internal */
  _isSameAs(other: unknown): boolean {
    if (!(other instanceof Dictionary)) return false;
    const [model, identity] = other._identity();
    return model === this.#model && identity === this.#native.identity();
  }
  /** @internal */
  _identity(): [ClassModel, string] {
    return [this.#model, this.#native.identity()];
  }
  /** @internal */
  _has(key: string): boolean {
    return this.#native.find(key) !== undefined;
  }
  /** @internal */
  _get(key: string): T | undefined | null {
    const value = this.#native.find(key);
    if (value !== undefined) return fromNative(this.#model, this.#row, this.#property, value) as T;
    const { target, schema, native } = this.#property;
    const isNull = schema.optional && OPTIONAL_AS_NULL.includes(native.type);
    return target !== undefined || isNull ? null : undefined;
  }

  #put(key: string, value: unknown): void {
    const target = `${this.#property.schema.name}["${key}"]`;
    writeValue(this.#model, this.#row, this.#property, value, target, {
      write: (native) => this.#native.put(key, native),
      read: () => this.#native.find(key) ?? null,
    });
  }
}
function* entriesWith<T>(
  keys: readonly string[],
  values: Iterator<T>,
): IterableIterator<[string, T]> {
  for (const key of keys) yield [key, values.next().value as T];
}

/** The entries of an object or a dictionary. */
export function entriesOf(value: object): [string, unknown][] {
  return value instanceof Dictionary ? [...value.entries()] : Object.entries(value);
}
Object.defineProperty(Dictionary, "name", { value: "Realm.Dictionary" });
