import { assert } from "./assert";
import { BoundProperty, ClassModel } from "./class-model";
import { CONSTRUCT } from "./collection";
import { TypeAssertionError } from "./errors";
import { StoredCollection } from "./stored-collection";
import { Place, writeValue } from "./write-value";

/** A live list. */
export class List<T = unknown> extends StoredCollection<T> {
  static of(model: ClassModel, row: number, property: BoundProperty, id = 0): List {
    const native = model.nativeRealm.collection(model.native.id, row, property.native.id, id);
    return new List(CONSTRUCT, model, row, property, native).self;
  }

  protected override get shownAs(): string {
    return "Realm.List";
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
    this.native.erase(index);
  }
  move(from: number, to: number): void {
    this.model.realm._requireTransaction();
    const { length } = this;
    assert(from >= 0 && to >= 0, "Index cannot be smaller than 0");
    assert(from < length && to < length, "Index cannot be greater than the size of the list");
    this.native.move(from, to);
  }
  swap(left: number, right: number): void {
    const [low, high] = left < right ? [left, right] : [right, left];
    this.move(high, low);
    if (low + 1 < high) this.move(low + 1, high);
  }

  setElement(index: number, value: unknown): void {
    this.model.realm._requireTransaction();
    const { length } = this;
    if (index < 0) throw new Error(`Cannot set item at negative index ${index}`);
    if (index >= length) throw new Error(`Requested index ${index} in a list of size ${length}`);
    this.write(index, value, {
      write: (native) => this.native.set(index, native),
      read: () => this.native.at(index),
    });
  }

  /** Replaces the whole content. @internal */
  _assign(value: unknown): void {
    if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) {
      throw new TypeAssertionError("iterable", value, this.property.schema.name);
    }
    if (value instanceof List && value._isSameAs(this)) return;
    const items = [...(value as Iterable<T>)];
    this.native.clear();
    this.insertAll(0, items);
  }

  private insertAll(first: number, items: readonly T[]): void {
    this.model.realm._requireTransaction();
    items.forEach((item, i) => {
      const index = first + i;
      this.write(index, item, {
        write: (native) => this.native.insert(index, native),
        read: () => this.native.at(index),
        isNew: true,
      });
    });
  }
  private write(index: number, value: unknown, place: Place): void {
    const target = `${this.property.schema.name}[${index}]`;
    writeValue(this.model, this.row, this.property, value, target, place);
  }
  private take(index: number): T | undefined {
    const element = this.getElement(index);
    if (element !== undefined) this.native.erase(index);
    return element;
  }
}
Object.defineProperty(List, "name", { value: "Realm.List" });
