import { BoundProperty, ClassModel } from "./class-model";
import { CONSTRUCT } from "./collection";
import { TypeAssertionError } from "./errors";
import { KeyPaths, toStoredKeyPaths } from "./key-paths";
import { NativeAggregate, NativeCollectionCallback, NativeResults, NativeValue } from "./native";
import { OrderedCollection } from "./ordered-collection";
import { toQueryArgument } from "./query-arguments";
import { wrapObject } from "./realm-object";
import { SortDescriptor, toSortDescriptors } from "./sort-descriptors";

/** Of how many objects a walk holds the rows. */
const ROWS_AT_ONCE = 4096;

/** The objects of a class, live, in the order of their creation or that of `sorted` and queries. */
export class Results<T = unknown> extends OrderedCollection<T> {
  readonly #model: ClassModel;
  readonly #native: NativeResults;

  constructor(key: symbol, model: ClassModel, native: NativeResults) {
    super(key);
    this.#model = model;
    this.#native = native;
  }

  static of(model: ClassModel): Results {
    return new Results(CONSTRUCT, model, model.nativeRealm.results(model.native.id)).self;
  }

  get type(): string {
    return "object";
  }
  get optional(): boolean {
    return false;
  }
  get length(): number {
    return this.#reading(() => this.#native.size());
  }

  isValid(): boolean {
    return !this.#model.nativeRealm.isClosed();
  }

  getElement(index: number): T | undefined {
    const row = index < 0 ? undefined : this.#reading(() => this.#native.at(index));
    return row === undefined ? undefined : (wrapObject(this.#model, row) as T);
  }
  setElement(): void {
    throw new Error("Modifying a Results collection is not supported");
  }

  /**
   * Those of the objects that match a query of docs/query-language.md; `$0`, `$1`, ... stand for the
   * arguments.
   *
   * @throws {Error} "Invalid predicate: ..." and the column, or what is wrong with a name, a type or an
   *   argument.
   */
  filtered(query: string, ...queryArguments: unknown[]): Results<T> {
    if (typeof query !== "string") throw new TypeError("A string was expected");
    const converted = queryArguments.map((argument) => toQueryArgument(argument));
    return this.#with(this.#native.filtered(query, converted, this.#model.realm._queryNames));
  }

  /**
   * The same objects in the order of a property, or of several of which the first counts most.
   *
   * @param reverse true for descending.
   */
  sorted(reverse?: boolean): Results<T>;
  sorted(property: string, reverse?: boolean): Results<T>;
  sorted(descriptors: readonly SortDescriptor[]): Results<T>;
  sorted(
    what: boolean | string | readonly SortDescriptor[] = false,
    reverse?: boolean,
  ): Results<T> {
    let native = this.#native;
    // A later order counts more than an earlier one.
    for (const [property, isDescending] of toSortDescriptors(what, reverse).reverse()) {
      native = native.sorted(this.#storedPath(property), isDescending);
    }
    return this.#with(native);
  }

  /** The least value of a property of the objects; nulls do not count. undefined: there is none. */
  min(property?: string): number | Date | undefined {
    return this.#aggregate("min", property) as number | Date | undefined;
  }
  max(property?: string): number | Date | undefined {
    return this.#aggregate("max", property) as number | Date | undefined;
  }
  /** 0 for no objects. */
  sum(property?: string): number {
    return this.#aggregate("sum", property) as number;
  }
  avg(property?: string): number | undefined {
    return this.#aggregate("avg", property) as number | undefined;
  }

  /**
   * The objects that there are now, in that order, whatever happens to them: their properties are
   * live, and one that is deleted later is null.
   */
  snapshot(): Results<T> {
    return new Snapshot<T>(this.#model, this.toArray(), { type: "object", optional: false }).self;
  }

  /** The conditions and orders as one query in its canonical form, with the arguments in it. */
  override description(): string {
    return this.#native.description();
  }
  /** How the objects are found, a line a step. */
  explain(): string {
    return this.#native.explain();
  }

  /** That the realm has been closed is what is wrong then, whatever else is. */
  #reading<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      if (this.isValid()) throw error;
      throw new Error("Access to invalidated Results objects");
    }
  }

  #with(native: NativeResults): Results<T> {
    return new Results<T>(CONSTRUCT, this.#model, native).self;
  }

  /** The first name of a path as it is stored; the other ones are of other classes. */
  #storedPath(path: string): string {
    const classes = this.#model.realm._classModels;
    let model: ClassModel | undefined = this.#model;
    const end = path.indexOf("[");
    const names = (end < 0 ? path : path.slice(0, end)).split(".");
    const stored = names.map((name, index) => {
      const property = model?.properties.get(name);
      if (property?.collection === "dictionary" && index + 1 < names.length) {
        throw new Error(
          `Cannot sort on key path '${path}': missing dictionary key after '${name}'`,
        );
      }
      model = property === undefined ? undefined : classes.get(property.native.target);
      return property?.native.name ?? name;
    });
    return stored.join(".") + (end < 0 ? "" : path.slice(end));
  }

  #aggregate(operation: NativeAggregate, name: string | undefined): unknown {
    if (typeof name !== "string") {
      throw new TypeAssertionError("a string", name, "property");
    }
    const property = this.#model.properties.get(name);
    if (property === undefined) {
      throw new Error(`Property '${name}' does not exist on '${this.#model.schema.name}' objects`);
    }
    const value: NativeValue = this.#native.aggregate(operation, property.native.id);
    if (value === null) return undefined;
    return typeof value === "bigint" || operation === "avg" || operation === "sum"
      ? aggregateNumber(value, property)
      : property.converter.fromNative(value);
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
      if (object !== null) (object as Record<string, unknown>)[propertyName] = value;
    }
  }

  /** Rejects: what is synced is the partition's matter. */
  async subscribe(): Promise<this> {
    return this.#model.realm.subscriptions;
  }
  unsubscribe(): void {
    return this.#model.realm.subscriptions;
  }

  /** Each object is wrapped when its turn comes: nobody holds all of them. */
  override values(): IterableIterator<T> {
    return this.#reading(() => {
      const first = this.#native.rows(0, ROWS_AT_ONCE);
      const walk =
        first.length < ROWS_AT_ONCE
          ? wrapRows(this.#model, first)
          : wrapAllRows(this.#model, this.#native.snapshot());
      return walk as IterableIterator<T>;
    });
  }

  protected toArray(): T[] {
    return [...wrapRows(this.#model, this._rows())] as T[];
  }

  protected observe(
    callback: NativeCollectionCallback,
    keyPaths: KeyPaths | undefined,
  ): () => void {
    return this.#native.observe(callback, toStoredKeyPaths(this.#model, keyPaths));
  }

  /** Rows as numbers, for deletion. @internal */
  _rows(): Float64Array {
    return this.#reading(() => this.#native.rows());
  }
  /** @internal */
  get _model(): ClassModel {
    return this.#model;
  }
}

/** Each object when its turn comes; null for one that has been deleted since the first. */
function* wrapRows(
  model: ClassModel,
  rows: Float64Array,
  version = model.realm._view.version,
): IterableIterator<unknown> {
  const { nativeRealm, native } = model;
  const view = model.realm._view;
  for (let i = 0; i < rows.length; ++i) {
    const row = rows[i] as number;
    const mayBeGone = view.isWriting || view.version !== version;
    yield mayBeGone && !nativeRealm.isValid(native.id, row) ? null : wrapObject(model, row);
  }
}

function* wrapAllRows(
  model: ClassModel,
  snapshot: NativeResults,
  version = model.realm._view.version,
): IterableIterator<unknown> {
  for (let from = 0; ; from += ROWS_AT_ONCE) {
    const rows = snapshot.rows(from, ROWS_AT_ONCE);
    yield* wrapRows(model, rows, version);
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

function refuse(): never {
  throw new Error("Cannot create asynchronous query for a snapshot, nor query it");
}
/** What stands for results that have no objects of their own to ask for. */
export const NOT_LIVE: NativeResults = {
  size: refuse,
  at: refuse,
  rows: refuse,
  snapshot: refuse,
  filtered: refuse,
  sorted: refuse,
  aggregate: refuse,
  description: refuse,
  explain: refuse,
  observe: refuse,
};

/** What the elements of a collection are. */
interface ElementType {
  readonly type: string;
  readonly optional: boolean;
}

/** The elements that a collection had once. */
export class Snapshot<T = unknown> extends Results<T> {
  readonly #elements: readonly T[];
  readonly #of: ElementType;

  /** @param model of the elements, or of the object that has the list. */
  constructor(model: ClassModel, elements: readonly T[], of: ElementType) {
    super(CONSTRUCT, model, NOT_LIVE);
    this.#elements = elements;
    this.#of = of;
  }

  override get type(): string {
    return this.#of.type;
  }
  override get optional(): boolean {
    return this.#of.optional;
  }
  override get length(): number {
    return this.#elements.length;
  }
  override getElement(index: number): T | undefined {
    const element = this.#elements[index];
    return element === undefined ? undefined : this.#present(element);
  }
  override update(propertyName: string, value: unknown): void {
    if (this.type !== "object") throw new Error("Only objects have properties to update");
    super.update(propertyName, value);
  }
  override snapshot(): Results<T> {
    return this.self;
  }

  override values(): IterableIterator<T> {
    return this.toArray().values();
  }

  protected override toArray(): T[] {
    return this.#elements.map((element) => this.#present(element));
  }

  #present(element: T): T {
    const isGone = this.type === "object" && !(element as { isValid(): boolean }).isValid();
    return isGone ? (null as T) : element;
  }
}

/** A sum or an average: a number, or a decimal of a decimal property. */
function aggregateNumber(value: NativeValue, property: BoundProperty): unknown {
  return value instanceof Uint8Array ? property.converter.fromNative(value) : Number(value);
}
