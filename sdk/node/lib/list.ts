import { assert } from "./assert";
import { BoundProperty, ClassModel, fromNative, toNative } from "./class-model";
import { CONSTRUCT } from "./collection";
import { TypeAssertionError } from "./errors";
import { KeyPaths, toStoredKeyPaths } from "./key-paths";
import { NativeCollectionCallback, NativeValue } from "./native";
import { OrderedCollection } from "./ordered-collection";
import type { Results } from "./results";

/** The live list in a property of an object. */
export class List<T = unknown> extends OrderedCollection<T> {
  private readonly model: ClassModel;
  private readonly row: number;
  private readonly property: BoundProperty;

  constructor(key: symbol, model: ClassModel, row: number, property: BoundProperty) {
    super(key);
    this.model = model;
    this.row = row;
    this.property = property;
  }

  static of(model: ClassModel, row: number, property: BoundProperty): List {
    return new List(CONSTRUCT, model, row, property).self;
  }

  get type(): string {
    const { objectType = "" } = this.property.schema;
    return this.property.native.target === "" ? objectType : "object";
  }
  get optional(): boolean {
    return this.property.schema.optional;
  }
  get length(): number {
    return this.model.nativeRealm.listSize(...this.address);
  }

  isValid(): boolean {
    return this.model.nativeRealm.isValid(this.model.native.id, this.row);
  }

  push(...items: T[]): number {
    this.insertAll(this.length, items);
    return this.length;
  }
  pop(): T | undefined {
    this.model.realm._requireTransaction();
    return this.take(this.length - 1);
  }
  shift(): T | undefined {
    this.model.realm._requireTransaction();
    return this.take(0);
  }
  unshift(...items: T[]): number {
    this.insertAll(0, items);
    return this.length;
  }
  splice(start: number, deleteCount?: number, ...items: T[]): T[] {
    if (typeof start !== "number") throw new TypeAssertionError("a number", start, "start");
    this.model.realm._requireTransaction();
    const { length } = this;
    const first = start < 0 ? Math.max(length + start, 0) : Math.min(start, length);
    const count = Math.max(Math.min(deleteCount ?? length - first, length - first), 0);
    const removed: T[] = [];
    for (let i = 0; i < count; ++i) removed.push(this.take(first) as T);
    this.insertAll(first, items);
    return removed;
  }
  remove(index: number): void {
    this.model.realm._requireTransaction();
    assert(index >= 0, "Index cannot be smaller than 0");
    assert(index < this.length, "Index cannot be greater than the size of the list");
    this.model.nativeRealm.listErase(...this.address, index);
  }
  move(from: number, to: number): void {
    this.model.realm._requireTransaction();
    const { length } = this;
    assert(from >= 0 && to >= 0, "Index cannot be smaller than 0");
    assert(from < length && to < length, "Index cannot be greater than the size of the list");
    this.model.nativeRealm.listMove(...this.address, from, to);
  }
  swap(left: number, right: number): void {
    const [low, high] = left < right ? [left, right] : [right, left];
    this.move(high, low);
    if (low + 1 < high) this.move(low + 1, high);
  }

  getElement(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return fromNative(this.property, this.model.nativeRealm.listGet(...this.address, index)) as T;
  }
  setElement(index: number, value: unknown): void {
    this.model.realm._requireTransaction();
    const { length } = this;
    if (index < 0) throw new Error(`Cannot set item at negative index ${index}`);
    if (index >= length) throw new Error(`Requested index ${index} in a list of size ${length}`);
    this.model.nativeRealm.listSet(...this.address, index, this.convert(index, value));
  }

  /** The elements that there are now, in that order; an object that is deleted later is null. */
  snapshot(): Results<T> {
    const { type, optional } = this;
    return this.model.snapshotOf(this.toArray(), { type, optional });
  }

  /** Replaces the whole content. @internal */
  _assign(value: unknown): void {
    if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) {
      throw new TypeAssertionError("iterable", value, this.property.schema.name);
    }
    const items = [...(value as Iterable<T>)]; // First: it may be this list itself.
    this.model.nativeRealm.listClear(...this.address);
    this.insertAll(0, items);
  }

  protected toArray(): T[] {
    return Array.from({ length: this.length }, (_, index) => this.getElement(index) as T);
  }

  protected observe(
    callback: NativeCollectionCallback,
    keyPaths: KeyPaths | undefined,
  ): () => void {
    const model = this.property.target?.();
    return this.model.nativeRealm.observeList(
      ...this.address,
      callback,
      model && toStoredKeyPaths(model, keyPaths),
    );
  }

  private get address(): [classId: number, row: number, property: number] {
    return [this.model.native.id, this.row, this.property.native.id];
  }
  private convert(index: number, value: unknown): NativeValue {
    return toNative(this.property, value, `${this.property.schema.name}[${index}]`);
  }
  private insertAll(first: number, items: readonly T[]): void {
    this.model.realm._requireTransaction();
    items.forEach((item, i) => {
      this.model.nativeRealm.listInsert(...this.address, first + i, this.convert(first + i, item));
    });
  }
  private take(index: number): T | undefined {
    const element = this.getElement(index);
    if (element !== undefined) this.model.nativeRealm.listErase(...this.address, index);
    return element;
  }
}
