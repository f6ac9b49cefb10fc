import { BoundProperty, ClassModel, toNative } from "./class-model";
import { CONSTRUCT } from "./collection";
import { TypeAssertionError } from "./errors";
import { nestedTypeOf } from "./mixed";
import { NativeType, NativeValue } from "./native";
import { StoredCollection } from "./stored-collection";

/** A live set: each value once, in the order of the values. */
export class RealmSet<T = unknown> extends StoredCollection<T> {
  static of(model: ClassModel, row: number, property: BoundProperty): RealmSet {
    const native = model.nativeRealm.collection(model.native.id, row, property.native.id, 0);
    return new RealmSet(CONSTRUCT, model, row, property, native).self;
  }

  protected override get shownAs(): string {
    return "Realm.Set";
  }

  get size(): number {
    return this.length;
  }

  add(value: T): this {
    this.model.realm._requireTransaction();
    this.native.add(this.convert(value));
    return this.self;
  }
  /** Whether it was there. */
  delete(value: T): boolean {
    this.model.realm._requireTransaction();
    return this.native.remove(this.convert(value));
  }
  clear(): void {
    this.model.realm._requireTransaction();
    this.native.clear();
  }
  has(value: unknown): boolean {
    return this.includes(value as T);
  }

  override *entries(): IterableIterator<[T & number, T]> {
    for (const value of this.values()) yield [value as T & number, value];
  }

  /** Without effect: elements have no places of their own. */
  setElement(): void {}

  /** Replaces the whole content. @internal */
  _assign(value: unknown): void {
    const items =
      value instanceof RealmSet || Array.isArray(value) ? [...(value as Iterable<T>)] : undefined;
    if (items === undefined) {
      throw new TypeAssertionError("an array", value, this.property.schema.name);
    }
    const natives = items.map((item) => this.convert(item));
    this.native.clear();
    for (const native of natives) this.native.add(native);
  }

  private convert(value: unknown): NativeValue {
    if (this.property.native.type === NativeType.Mixed) {
      const nested = nestedTypeOf(value);
      if (nested !== undefined) {
        const kind = nested === NativeType.List ? "Lists" : "Dictionaries";
        throw new Error(`${kind} within a Set are not supported`);
      }
    }
    return toNative(this.property, value, this.property.schema.name);
  }
}
