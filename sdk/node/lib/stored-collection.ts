import { assert } from "./assert";
import { BoundProperty, ClassModel, fromNative } from "./class-model";
import { TypeAssertionError } from "./errors";
import { KeyPaths, toStoredKeyPaths } from "./key-paths";
import {
  NativeCollectionCallback,
  NativeCollectionHandle,
  NativeType,
  NativeValue,
} from "./native";
import { OrderedCollection } from "./ordered-collection";
import type { Results } from "./results";
import { SortDescriptor, toSortDescriptors } from "./sort-descriptors";

const NO_ELEMENT = Symbol("no element");

/** What lists and sets share: the elements of a property of an object, or in its mixed values. */
export abstract class StoredCollection<T = unknown> extends OrderedCollection<T> {
  protected readonly model: ClassModel;
  protected readonly row: number;
  protected readonly property: BoundProperty;
  protected readonly native: NativeCollectionHandle;

  constructor(
    key: symbol,
    model: ClassModel,
    row: number,
    property: BoundProperty,
    native: NativeCollectionHandle,
  ) {
    super(key);
    this.model = model;
    this.row = row;
    this.property = property;
    this.native = native;
  }

  get type(): string {
    const { type, objectType = type } = this.property.schema;
    return this.property.native.target === "" ? objectType : "object";
  }
  get optional(): boolean {
    return this.property.schema.optional;
  }
  get length(): number {
    return this.native.size();
  }

  isValid(): boolean {
    return this.native.isValid();
  }

  getElement(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.present(this.native.at(index));
  }

  /** The elements that there are now, in that order; an object that is deleted later is null. */
  snapshot(): Results<T> {
    const { type, optional } = this;
    return this.model.snapshotOf(this.toArray(), { type, optional });
  }

  /** As that of results; the elements are objects. */
  filtered(query: string, ...queryArguments: unknown[]): Results<T> {
    return this.objects("filtered").filtered(query, ...queryArguments);
  }
  /** As that of results; values of other types are ordered by "self", the value. */
  sorted(reverse?: boolean): Results<T>;
  sorted(property: string, reverse?: boolean): Results<T>;
  sorted(descriptors: readonly SortDescriptor[]): Results<T>;
  sorted(
    what: boolean | string | readonly SortDescriptor[] = false,
    reverse?: boolean,
  ): Results<T> {
    const descriptors = toSortDescriptors(what, reverse);
    if (this.isOfObjects()) return this.objects("sorted").sorted(descriptors);
    const wrong = descriptors.find(([property]) => property !== "self");
    if (wrong !== undefined || descriptors.length > 1) {
      throw new Error(
        `Cannot sort on key path '${wrong?.[0] ?? ""}': values of '${this.type}' are ordered by ` +
          "'self' alone",
      );
    }
    const [order] = descriptors; // Without one the elements stay in the order that they have.
    const native = order === undefined ? this.native : this.native.sorted(order[1]);
    return this.model.sortedValuesOf<T>(this, native, (value) => this.present(value));
  }

  /** Of a property of the objects, or of the elements themselves where they are none. */
  min(property?: string): number | Date | undefined {
    return this.isOfObjects() ? this.objects("min").min(property) : this.extreme("min", property);
  }
  max(property?: string): number | Date | undefined {
    return this.isOfObjects() ? this.objects("max").max(property) : this.extreme("max", property);
  }
  sum(property?: string): number {
    if (this.isOfObjects()) return this.objects("sum").sum(property);
    return this.numbers("sum", property).reduce((sum, value) => sum + value, 0);
  }
  avg(property?: string): number | undefined {
    if (this.isOfObjects()) return this.objects("avg").avg(property);
    const numbers = this.numbers("avg", property);
    if (numbers.length === 0) return undefined;
    return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  }

  /** @internal */
  _isSameAs(other: unknown): boolean {
    return (
      other instanceof StoredCollection &&
      other.model === this.model &&
      other.native.identity() === this.native.identity()
    );
  }

  protected toArray(): T[] {
    return Array.from({ length: this.length }, (_, index) => this.present(this.native.at(index)));
  }
  protected present(value: NativeValue): T {
    return fromNative(this.model, this.row, this.property, value) as T;
  }

  protected observe(
    callback: NativeCollectionCallback,
    keyPaths: KeyPaths | undefined,
  ): () => void {
    const target = this.property.target?.();
    return this.native.observe(callback, target && toStoredKeyPaths(target, keyPaths));
  }

  /** As it would be read back; a symbol, which no element is, for what cannot be an element. */
  protected override toElement(value: unknown): unknown {
    const { native } = this.property;
    if (this.isOfObjects()) return super.toElement(value);
    if (native.type === NativeType.Mixed || value === null || value === undefined) return value;
    if (native.type === NativeType.Float && typeof value === "number") return Math.fround(value);
    try {
      return this.present(this.property.converter.toNative(value, "value"));
    } catch {
      return NO_ELEMENT;
    }
  }

  /** Whether the elements are objects of one class. */
  private isOfObjects(): boolean {
    return this.property.target !== undefined;
  }
  private objects(operation: string): Results<T> {
    const target = this.property.target?.();
    if (target === undefined) {
      throw new Error(
        `'${operation}' of a ${this.property.schema.type} of '${this.type}' is not supported: ` +
          "its elements are no objects",
      );
    }
    return target.resultsOf<T>(this.native.objects());
  }

  private scalars(operation: string, property: string | undefined, types: readonly string[]): T[] {
    if (property !== undefined) throw new TypeAssertionError("undefined", property, "property");
    assert(
      types.includes(this.type),
      `Operation '${operation}' not supported for ${this.type} elements`,
    );
    return this.toArray().filter((element) => element !== null);
  }
  private numbers(operation: string, property: string | undefined): number[] {
    return this.scalars(operation, property, ["int", "float", "double"]) as number[];
  }
  private extreme(operation: "min" | "max", property?: string): number | Date | undefined {
    const types = ["int", "float", "double", "date"];
    const values = this.scalars(operation, property, types) as (number | Date)[];
    if (values.length === 0) return undefined;
    return values.reduce((best, value) =>
      (operation === "min" ? value < best : value > best) ? value : best,
    );
  }
}
