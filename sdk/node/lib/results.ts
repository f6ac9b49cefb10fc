import { ClassModel } from "./class-model";
import { CONSTRUCT } from "./collection";
import { Listeners, callListener } from "./listeners";
import { NativeResults } from "./native";
import { OrderedCollection } from "./ordered-collection";
import { wrapObject } from "./realm-object";

export interface CollectionChangeSet {
  insertions: number[];
  deletions: number[];
  newModifications: number[];
  oldModifications: number[];
}
export type CollectionChangeCallback<T> = (
  collection: Results<T>,
  changes: CollectionChangeSet,
) => void;

/** The objects of a class, live, in the order of their creation. */
export class Results<T = unknown> extends OrderedCollection<T> {
  readonly #model: ClassModel;
  readonly #native: NativeResults;
  readonly #listeners = new Listeners<CollectionChangeCallback<T>>();

  constructor(key: symbol, model: ClassModel, native: NativeResults) {
    super(key);
    this.#model = model;
    this.#native = native;
  }

  static of(model: ClassModel): Results {
    return new Results(CONSTRUCT, model, model.nativeRealm.results(model.native.id)).self;
  }

  readonly type = "object";
  readonly optional = false;
  get length(): number {
    return this.#native.size();
  }

  isValid(): boolean {
    return !this.#model.nativeRealm.isClosed();
  }

  getElement(index: number): T | undefined {
    const row = index < 0 ? undefined : this.#native.at(index);
    return row === undefined ? undefined : (wrapObject(this.#model, row) as T);
  }
  setElement(): void {
    throw new Error("Modifying a Results collection is not supported");
  }

  /** Sets a property of every object. */
  update(propertyName: string, value: unknown): void {
    this.#model.realm._requireTransaction();
    if (!this.#model.properties.has(propertyName)) {
      throw new Error(
        `Property '${propertyName}' does not exist on '${this.#model.schema.name}' objects`,
      );
    }
    for (const object of this.toArray()) {
      (object as Record<string, unknown>)[propertyName] = value;
    }
  }

  /**
   * Calls `callback` once as soon as possible with empty changes, then after each commit that changed
   * which objects there are, or one of them.
   *
   * @throws {Error} when the same function is registered already.
   */
  addListener(callback: CollectionChangeCallback<T>): void {
    this.#listeners.add(callback, () =>
      this.#native.observe((deletions, insertions, oldModifications, newModifications) => {
        callListener(callback, this.self, {
          deletions,
          insertions,
          oldModifications,
          newModifications,
        });
      }),
    );
  }
  removeListener(callback: CollectionChangeCallback<T>): void {
    this.#listeners.remove(callback);
  }
  removeAllListeners(): void {
    this.#listeners.removeAll();
  }

  protected toArray(): T[] {
    return Array.from(this.#native.rows(), (row) => wrapObject(this.#model, row) as T);
  }

  /** Rows as numbers, for deletion. @internal */
  _rows(): Float64Array {
    return this.#native.rows();
  }
  /** @internal */
  get _model(): ClassModel {
    return this.#model;
  }
}
