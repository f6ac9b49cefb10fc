import { InspectOptionsStylized } from "node:util";

import { assert } from "./assert";
import { BoundProperty, ClassModel, ComputedProperty, fromNative, toNative } from "./class-model";
import { CONSTRUCT } from "./collection";
import { Counter, checkReset } from "./counter";
import { INSPECT, inspectAs } from "./inspection";
import { KeyPaths, toStoredKeyPaths } from "./key-paths";
import { Listeners, callListener } from "./listeners";
import { NativeMixed } from "./native";
import { toPlain } from "./ordered-collection";
import type { Realm } from "./realm";
import type { Results } from "./results";
import { CanonicalObjectSchema, ObjectClass } from "./schema";
import type { Unmanaged } from "./unmanaged";
import { TYPE_NAMES } from "./values";
import { collectionOf, writeProperty } from "./write-value";

export interface ObjectChangeSet {
  deleted: boolean;
  changedProperties: string[];
}
export type ObjectChangeCallback<T> = (object: T, changes: ObjectChangeSet) => void;

const MANAGED = Symbol("Realm.Object#managed");

/**
 * Where a managed object lives, and how the proxy that stands for it behaves. Its own properties are
 * those of its schema, so that spreading and `keys` work; they are read and written here, without a
 * way through the accessors of the prototype.
 */
class Managed implements ProxyHandler<RealmObject> {
  listeners?: Listeners<ObjectChangeCallback<never>>;

  constructor(
    readonly model: ClassModel,
    readonly row: number,
  ) {}

  get(target: RealmObject, name: string | symbol, receiver: unknown): unknown {
    if (name === MANAGED) return this;
    const property = this.model.properties.get(name as string);
    return property === undefined
      ? Reflect.get(target, name, receiver)
      : readProperty(this, property);
  }
  set(target: RealmObject, name: string | symbol, value: unknown, receiver: unknown): boolean {
    const property = this.model.properties.get(name as string);
    if (property === undefined) return Reflect.set(target, name, value, receiver);
    writePropertyOf(this, property, value);
    return true;
  }
  ownKeys(target: RealmObject): string[] {
    const { properties, computed } = this.model;
    return [...properties.keys(), ...computed.keys(), ...Object.keys(target)];
  }
  getOwnPropertyDescriptor(
    target: RealmObject,
    name: string | symbol,
  ): PropertyDescriptor | undefined {
    const own = Reflect.getOwnPropertyDescriptor(target, name);
    if (own !== undefined) return own;
    const property = this.model.properties.get(name as string);
    const computed = this.model.computed.get(name as string);
    if (property === undefined && computed === undefined) return undefined;
    return {
      value: property ? readProperty(this, property) : readComputed(this, computed!),
      enumerable: true,
      configurable: true,
      writable: true,
    };
  }
}

/** A live object. Each read of the same row gives another wrapper of it. */
export class RealmObject<Model = unknown, Required extends PropertyKey = never> {
  declare readonly [MANAGED]: Managed;

  /** Creates an object of the class this is called on, as `realm.create(X, values)`. */
  constructor(realm: Realm, values: Unmanaged<Model, Required>) {
    return realm.create(new.target as never, values) as unknown as this;
  }

  isValid(): boolean {
    const { model, row } = managed(this);
    return model.nativeRealm.isValid(model.native.id, row);
  }
  objectSchema(): CanonicalObjectSchema {
    return managed(this).model.schema;
  }
  keys(): string[] {
    return Object.keys(this);
  }
  entries(): [string, unknown][] {
    return Object.entries(this);
  }

  toJSON(_key?: string, cache: Map<string, unknown> = new Map()): Record<string, unknown> {
    const { model, row } = managed(this);
    const identity = `${model.native.id}:${row}`;
    const known = cache.get(identity);
    if (known !== undefined) return known as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    cache.set(identity, result);
    for (const [name, property] of model.properties) {
      result[name] = toPlain(readProperty(managed(this), property), cache);
    }
    for (const [name, property] of model.computed) {
      result[name] = toPlain(readComputed(managed(this), property), cache);
    }
    return result;
  }

  /** Type of the property as its schema declares it: `int`, `<Person>`, `list<int>`. */
  getPropertyType(name: string): string {
    const { model, row } = managed(this);
    if (model.computed.has(name)) return "list<linkingObjects>";
    const property = model.properties.get(name);
    if (property === undefined) {
      throw new Error(`Property '${name}' does not exist on '${model.schema.name}' objects`);
    }
    const { type, objectType } = property.schema;
    if (type === "object") return `<${objectType ?? ""}>`;
    if (type === "mixed") {
      const value = model.nativeRealm.get(model.native.id, row, property.native.id);
      return typeNameOf(model, value as NativeMixed | null);
    }
    if (objectType === undefined) return type;
    const isNamed = property.target !== undefined && type !== "list";
    return isNamed ? `${type}<<${objectType}>>` : `${type}<${objectType}>`;
  }

  /**
   * The objects of a class that link to this one from a property, each as often as it does.
   *
   * @throws {Error} for a class or property that is not there, or that does not lead here.
   */
  linkingObjects<T = RealmObject>(type: string | ObjectClass, propertyName: string): Results<T> {
    const { model } = managed(this);
    const origin = model.realm._modelOf(type);
    const property = origin.properties.get(propertyName);
    if (property === undefined) {
      throw new Error(
        `Property '${propertyName}' does not exist on '${origin.schema.name}' objects`,
      );
    }
    assert(
      property.native.target === model.schema.name,
      `'${origin.schema.name}#${propertyName}' is not a relationship to '${model.schema.name}'`,
    );
    return linkingFrom(managed(this), origin, property) as Results<T>;
  }
  /** How many links there are to this object. */
  linkingObjectsCount(): number {
    const { model, row } = managed(this);
    return model.nativeRealm.linkCount(model.native.id, row);
  }

  /**
   * Calls `callback` once as soon as possible, then after each commit that changed the object.
   *
   * @param keyPaths only changes there count: names of properties, behind links joined by dots, `*`
   *   for all. `[]`: only its deletion.
   * @throws {Error} when the same function is registered already, or a key path leads nowhere.
   */
  addListener(callback: ObjectChangeCallback<this>, keyPaths?: KeyPaths): void {
    const { model, row } = managed(this);
    const listeners = (managed(this).listeners ??= new Listeners());
    (listeners as Listeners<ObjectChangeCallback<this>>).add(callback, () =>
      model.nativeRealm.observeObject(
        model.native.id,
        row,
        (deleted, stored) => {
          const changedProperties = [...model.properties]
            .filter(([, property]) => stored.includes(property.native.name))
            .map(([name]) => name);
          callListener(callback, this, { deleted, changedProperties });
        },
        toStoredKeyPaths(model, keyPaths),
      ),
    );
  }
  removeListener(callback: ObjectChangeCallback<this>): void {
    (managed(this).listeners as Listeners<ObjectChangeCallback<this>> | undefined)?.remove(
      callback,
    );
  }
  removeAllListeners(): void {
    managed(this).listeners?.removeAll();
  }

  [INSPECT](depth: number | null, options: InspectOptionsStylized): string {
    return inspectAs(managed(this).model.schema.name, this, () => ({ ...this }), depth, options);
  }

  /** Gone. @throws {Error} always. */
  _objectId(): never {
    throw new Error("'_objectId' was removed; there is '_objectKey'");
  }
  /** Numeric text, stable inside the file. */
  _objectKey(): string {
    return String(managed(this).row);
  }
  /** Whether `other` is the same row of the same realm. */
  _isSameAs(other: unknown): boolean {
    if (!isManaged(other)) return false;
    const left = managed(this);
    const right = managed(other);
    return left.row === right.row && left.model === right.model;
  }
}
Object.defineProperty(RealmObject, "name", { value: "Realm.Object" });

function managed(object: RealmObject): Managed {
  return object[MANAGED];
}

export function isManaged(value: unknown): value is RealmObject {
  return value instanceof RealmObject && value[MANAGED] !== undefined;
}
export function modelOf(object: RealmObject): ClassModel {
  return managed(object).model;
}
export function rowOf(object: RealmObject): number {
  return managed(object).row;
}

/** A wrapper of the object in `row`. */
export function wrapObject(model: ClassModel, row: number): RealmObject {
  return new Proxy(new model.Target(), new Managed(model, row));
}

/**
 * Makes what stands behind the proxies of the objects of `model`. Its prototype has an accessor for
 * each property over the user's class.
 */
export function makeTarget(model: ClassModel): ClassModel["Target"] {
  const base = (model.schema.ctor ?? RealmObject) as typeof RealmObject;
  const named = { [model.schema.name]: class extends base {} }[
    model.schema.name
  ] as typeof RealmObject;
  for (const [name, property] of model.computed) {
    Object.defineProperty(named.prototype, name, {
      configurable: true,
      get(this: RealmObject) {
        return readComputed(managed(this), property);
      },
      set() {
        throw new Error(`Not supported: '${name}' is made of the links of other objects`);
      },
    });
  }
  for (const [name, property] of model.properties) {
    Object.defineProperty(named.prototype, name, {
      configurable: true,
      get(this: RealmObject) {
        return readProperty(managed(this), property);
      },
      set(this: RealmObject, value: unknown) {
        writePropertyOf(managed(this), property, value);
      },
    });
  }
  const Target = function () {};
  Target.prototype = named.prototype;
  return Target as unknown as ClassModel["Target"];
}

function checkValid({ model, row }: Managed): void {
  assert(
    model.nativeRealm.isValid(model.native.id, row),
    `Accessing object of type ${model.schema.name} which has been invalidated or deleted`,
  );
}

function readProperty(state: Managed, property: BoundProperty): unknown {
  const { model, row } = state;
  if (property.collection !== undefined) {
    checkValid(state);
    return collectionOf(model, row, property);
  }
  try {
    const value = model.nativeRealm.get(model.native.id, row, property.native.id);
    if (property.isScalar) return value === null ? null : property.converter.fromNative(value);
    if (property.schema.presentation === "counter" && value !== null) {
      return new Counter(CONSTRUCT, model, row, property);
    }
    return fromNative(model, row, property, value);
  } catch (error) {
    checkValid(state);
    throw error;
  }
}

function writePropertyOf(state: Managed, property: BoundProperty, value: unknown): void {
  const { model, row } = state;
  const { schema } = property;
  if (property.isScalar && property !== model.primaryKey) {
    try {
      const native = toNative(property, value, "value");
      model.nativeRealm.set(model.native.id, row, property.native.id, native);
      return;
    } catch (error) {
      // That there is no object or no transaction goes before what is wrong with the value.
      checkValid(state);
      model.realm._requireTransaction();
      throw error;
    }
  }
  checkValid(state);
  model.realm._requireTransaction();
  if (property === model.primaryKey && !model.realm.isInMigration) {
    throw new Error(`Cannot change value of primary key '${schema.name}'`);
  }
  checkReset(model, row, property, value);
  writeProperty(model, row, property, value, schema.type === "object" ? schema.name : "value");
}

function readComputed(state: Managed, computed: ComputedProperty): Results {
  checkValid(state);
  const { model, property } = computed.origin();
  return linkingFrom(state, model, property);
}

function linkingFrom(
  { model, row }: Managed,
  origin: ClassModel,
  property: BoundProperty,
): Results {
  return origin.resultsOf(
    model.nativeRealm.linking(model.native.id, row, origin.native.id, property.native.id),
  );
}

function typeNameOf(model: ClassModel, value: NativeMixed | null): string {
  if (value === null) return "null";
  const [type, , classId] = value;
  const name = TYPE_NAMES.get(type);
  return name ?? `<${model.realm._modelOfId(classId as number).schema.name}>`;
}
