import { InspectOptionsStylized } from "node:util";

import { assert } from "./assert";
import { Collection } from "./collection";
import { Counter } from "./counter";
import type { KeyPaths } from "./key-paths";
import { TypeAssertionError } from "./errors";
import { INSPECT, inspectAs } from "./inspection";
import { Listeners, callListener } from "./listeners";
import type { NativeCollectionCallback } from "./native";
import { isManaged } from "./realm-object";
import { sameValue } from "./values";

/**
 * What happened to a collection, as positions in ascending order: `deletions` and `oldModifications`
 * in what the last call showed, the others in what is there now.
 */
export interface CollectionChangeSet {
  insertions: number[];
  deletions: number[];
  newModifications: number[];
  oldModifications: number[];
}
export type CollectionChangeCallback<Collection> = (
  collection: Collection,
  changes: CollectionChangeSet,
) => void;

type Reducer<T, U> = (sum: U, value: T, index: number, all: T[]) => U;

/** Integer-like property names reach elements; everything else is an ordinary property. */
function toIndex(name: string | symbol): number | undefined {
  if (typeof name !== "string" || !/^-?\d+(?:\.\d+)?$/.test(name)) return undefined;
  return Math.trunc(Number(name));
}

const PROXY_HANDLER: ProxyHandler<OrderedCollection<unknown>> = {
  get(target, name) {
    const index = toIndex(name);
    if (index !== undefined) return target.getElement(index);
    const value: unknown = Reflect.get(target, name, target);
    // Methods run on the collection itself, which has the private state.
    return typeof value === "function" ? value.bind(target) : value;
  },
  set(target, name, value) {
    const index = toIndex(name);
    if (index !== undefined) {
      target.setElement(index, value);
      return true;
    }
    if (name === "length") throw new Error("Cannot assign to read only property 'length'");
    return Reflect.set(target, name, value);
  },
  ownKeys(target) {
    return [...Array(target.length).keys()].map(String);
  },
  getOwnPropertyDescriptor(target, name) {
    const index = toIndex(name);
    if (index === undefined) return Reflect.getOwnPropertyDescriptor(target, name);
    if (index < 0 || index >= target.length) return undefined;
    return {
      value: target.getElement(index),
      enumerable: true,
      configurable: true,
      writable: true,
    };
  },
};

/**
 * An array-like live collection. Array methods that do not change it work as on `[...collection]`.
 */
export abstract class OrderedCollection<T> extends Collection<T> {
  readonly [index: number]: T;
  /** What applications hold: this object behind a proxy that knows indexes. */
  readonly self: this;
  readonly #listeners = new Listeners<CollectionChangeCallback<never>>();

  constructor(key: symbol) {
    super(key);
    this.self = new Proxy(this, PROXY_HANDLER as unknown as ProxyHandler<this>);
  }

  abstract get length(): number;
  /** The element, or undefined outside of the collection. */
  abstract getElement(index: number): T | undefined;
  abstract setElement(index: number, value: unknown): void;
  abstract get type(): string;
  /** What `value` is as an element, to be looked for. */
  protected toElement(value: unknown): unknown {
    if (this.type === "object" && !isManaged(value)) {
      throw new TypeAssertionError("an instance of Realm.Object", value);
    }
    return value;
  }
  /** The elements as they are now. */
  protected abstract toArray(): T[];
  /** Answers with what ends the calls. */
  protected abstract observe(
    callback: NativeCollectionCallback,
    keyPaths: KeyPaths | undefined,
  ): () => void;

  /**
   * Calls `callback` once as soon as possible with empty changes, then after each commit that changed
   * which elements there are, one of them, or an object up to three links behind it.
   *
   * @param keyPaths only changes there count, and which elements there are: names of properties,
   *   behind links joined by dots, `*` for all. `[]`: only which elements there are.
   * @throws {Error} when the same function is registered already, or a key path leads nowhere.
   */
  addListener(callback: CollectionChangeCallback<this>, keyPaths?: KeyPaths): void {
    this.#listeners.add(callback, () =>
      this.observe((deletions, insertions, oldModifications, newModifications) => {
        callListener(callback, this.self, {
          deletions,
          insertions,
          oldModifications,
          newModifications,
        });
      }, keyPaths),
    );
  }
  removeListener(callback: CollectionChangeCallback<this>): void {
    this.#listeners.remove(callback);
  }
  removeAllListeners(): void {
    this.#listeners.removeAll();
  }

  isEmpty(): boolean {
    return this.length === 0;
  }
  toJSON(_key?: string, cache: Map<string, unknown> = new Map()): unknown[] {
    return this.toArray().map((element) => toPlain(element, cache));
  }

  protected get shownAs(): string {
    return "Realm.Results";
  }
  /** As many elements as are shown of an array. */
  [INSPECT](depth: number | null, options: InspectOptionsStylized): string {
    const read = () => this.firstElements(options.maxArrayLength);
    return inspectAs(this.shownAs, this, read, depth, options);
  }
  /** An array of the length of this, filled as far as is asked for. */
  private firstElements(count: number | null | undefined): unknown[] {
    const elements: unknown[] = new Array(this.length);
    const end = Math.min(count ?? Infinity, elements.length);
    for (let index = 0; index < end; ++index) elements[index] = this.getElement(index);
    return elements;
  }

  *keys(): IterableIterator<number> {
    const { length } = this;
    for (let index = 0; index < length; ++index) yield index;
  }
  values(): IterableIterator<T> {
    return presentElements(this.toArray());
  }
  *entries(): IterableIterator<[number, T]> {
    let index = 0;
    for (const value of this.values()) yield [index++, value];
  }
  [Symbol.iterator](): IterableIterator<T> {
    return this.values();
  }

  indexOf(value: T, fromIndex?: number): number {
    assert(fromIndex === undefined, "The second fromIndex argument is not yet supported");
    const wanted = this.toElement(value);
    return this.toArray().findIndex((element) => sameElement(element, wanted));
  }
  includes(value: T, fromIndex?: number): boolean {
    return this.indexOf(value, fromIndex) >= 0;
  }
  lastIndexOf(value: T): number {
    const elements = this.toArray();
    for (let index = elements.length - 1; index >= 0; --index) {
      if (sameElement(elements[index], value)) return index;
    }
    return -1;
  }
  at(index: number): T | undefined {
    return this.toArray().at(index);
  }
  override toString(): string {
    return this.toArray().toString();
  }
  override toLocaleString(): string {
    return this.toArray().toLocaleString();
  }
  join(separator?: string): string {
    return this.toArray().join(separator);
  }
  concat(...items: (T | ConcatArray<T>)[]): T[] {
    return this.toArray().concat(...items);
  }
  slice(start?: number, end?: number): T[] {
    return this.toArray().slice(start, end);
  }
  find(predicate: (value: T, index: number, all: T[]) => unknown, self?: unknown): T | undefined {
    return this.toArray().find(predicate, self);
  }
  findIndex(predicate: (value: T, index: number, all: T[]) => unknown, self?: unknown): number {
    return this.toArray().findIndex(predicate, self);
  }
  every(predicate: (value: T, index: number, all: T[]) => unknown, self?: unknown): boolean {
    return this.toArray().every(predicate, self);
  }
  some(predicate: (value: T, index: number, all: T[]) => unknown, self?: unknown): boolean {
    return this.toArray().some(predicate, self);
  }
  forEach(callback: (value: T, index: number, all: T[]) => void, self?: unknown): void {
    this.toArray().forEach(callback, self);
  }
  map<U>(callback: (value: T, index: number, all: T[]) => U, self?: unknown): U[] {
    return this.toArray().map(callback, self);
  }
  filter(predicate: (value: T, index: number, all: T[]) => unknown, self?: unknown): T[] {
    return this.toArray().filter(predicate, self);
  }
  /** Of results alone. @throws {Error} for others. */
  description(): string {
    throw new Error("'description' is not implemented for collections that are no results");
  }
  /** Not of collections. @throws {Error} always. */
  flat(): never {
    throw new Error("'flat' is not implemented for collections");
  }
  flatMap<U>(callback: (value: T, index: number, all: T[]) => U | readonly U[]): U[] {
    return this.toArray().flatMap(callback);
  }
  reduce(callback: Reducer<T, T>): T;
  reduce<U>(callback: Reducer<T, U>, initial: U): U;
  reduce(...reduction: [Reducer<T, T>]): T {
    return this.toArray().reduce(...reduction); // Whether there is an initial value counts.
  }
  reduceRight(callback: Reducer<T, T>): T;
  reduceRight<U>(callback: Reducer<T, U>, initial: U): U;
  reduceRight(...reduction: [Reducer<T, T>]): T {
    return this.toArray().reduceRight(...reduction);
  }
}

interface WithIdentity {
  _isSameAs(other: unknown): boolean;
}

/** Objects are the same when they are the same row; everything else by value. */
function sameElement(left: unknown, right: unknown): boolean {
  if (typeof left === "object" && left !== null && "_isSameAs" in left) {
    return (left as WithIdentity)._isSameAs(right);
  }
  return sameValue(left, right);
}

/** Each when its turn comes; null for an object that has been deleted by then. */
export function* presentElements<T>(elements: readonly T[]): IterableIterator<T> {
  for (const element of elements) {
    yield isManaged(element) && !element.isValid() ? (null as T) : element;
  }
}

interface WithJson {
  toJSON(key?: string, cache?: Map<string, unknown>): unknown;
}

/** `value` as JSON has it; objects and collections convert themselves, each object once. */
export function toPlain(value: unknown, cache: Map<string, unknown>): unknown {
  const converts =
    value instanceof OrderedCollection ||
    value instanceof Counter ||
    (typeof value === "object" && value !== null && "_isSameAs" in value);
  return converts ? (value as unknown as WithJson).toJSON(undefined, cache) : value;
}
