import type { ClassModel } from "./class-model";
import { CONSTRUCT } from "./collection";
import { NativeCollectionCallback, NativeSortedValues, NativeValue } from "./native";
import { NOT_LIVE, Results } from "./results";
import type { SortDescriptor } from "./sort-descriptors";
import type { StoredCollection } from "./stored-collection";

/** The elements of a list or set of values in the order of the values, live. */
export class SortedValues<T = unknown> extends Results<T> {
  readonly #collection: StoredCollection<T>;
  readonly #native: NativeSortedValues;
  readonly #present: (value: NativeValue) => T;

  /** @param model of the object that has the collection. */
  constructor(
    model: ClassModel,
    collection: StoredCollection<T>,
    native: NativeSortedValues,
    present: (value: NativeValue) => T,
  ) {
    super(CONSTRUCT, model, NOT_LIVE);
    this.#collection = collection;
    this.#native = native;
    this.#present = present;
  }

  override get type(): string {
    return this.#collection.type;
  }
  override get optional(): boolean {
    return this.#collection.optional;
  }
  override get length(): number {
    return this.#native.size();
  }
  override isValid(): boolean {
    return this.#collection.isValid();
  }
  override getElement(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.#present(this.#native.at(index));
  }
  override update(): void {
    throw new Error("Only objects have properties to update");
  }

  override filtered(query: string, ...queryArguments: unknown[]): Results<T> {
    return this.#collection.filtered(query, ...queryArguments);
  }
  override sorted(...order: unknown[]): Results<T> {
    return this.#collection.sorted(...(order as [readonly SortDescriptor[]]));
  }
  override min(property?: string): number | Date | undefined {
    return this.#collection.min(property);
  }
  override max(property?: string): number | Date | undefined {
    return this.#collection.max(property);
  }
  override sum(property?: string): number {
    return this.#collection.sum(property);
  }
  override avg(property?: string): number | undefined {
    return this.#collection.avg(property);
  }
  override snapshot(): Results<T> {
    const { type, optional } = this;
    return this._model.snapshotOf(this.toArray(), { type, optional });
  }
  override explain(): string {
    return `sort the ${this.length} values of the collection`;
  }

  override values(): IterableIterator<T> {
    return this.toArray().values();
  }
  protected override toArray(): T[] {
    return Array.from({ length: this.length }, (_, index) => this.#present(this.#native.at(index)));
  }
  protected override observe(callback: NativeCollectionCallback): () => void {
    return this.#native.observe(callback);
  }

  /** There are no objects to delete. @internal */
  override _rows(): Float64Array {
    return new Float64Array();
  }
}
