import { assert } from "./assert";
import { BoundProperty, ClassModel, ComputedProperty, fromNative } from "./class-model";
import { CONSTRUCT } from "./collection";
import { Counter, checkReset } from "./counter";
import { KeyPaths, toStoredKeyPaths } from "./key-paths";
import { Listeners, callListener } from "./listeners";
import { NativeMixed } from "./native";
import { toPlain } from "./ordered-collection";
import type { Realm } from "./realm";
import type { Results } from "./results";
import { CanonicalObjectSchema, ObjectClass } from "./schema";
import { TYPE_NAMES } from "./values";
import { collectionOf, writeProperty } from "./write-value";

export interface ObjectChangeSet {
  deleted: boolean;
  changedProperties: string[];
}
export type ObjectChangeCallback<T> = (object: T, changes: ObjectChangeSet) => void;

/** Where a managed object lives. */
interface Managed {
  readonly model: ClassModel;
  readonly row: number;
  listeners?: Listeners<ObjectChangeCallback<never>>;
}

const MANAGED = Symbol("Realm.Object#managed");

/** Own properties of an object are those of its schema, so that spreading and `keys` work. */
const PROXY_HANDLER: ProxyHandler<RealmObject> = {
  ownKeys(target) {
    const { properties, computed } = managed(target).model;
    return [...properties.keys(), ...computed.keys(), ...Object.keys(target)];
  },
  getOwnPropertyDescriptor(target, name) {
    const own = Reflect.getOwnPropertyDescriptor(target, name);
    if (own !== undefined) return own;
    const { properties, computed } = managed(target).model;
    if (typeof name !== "string") return undefined;
    if (!properties.has(name) && !computed.has(name)) return undefined;
    return {
      value: Reflect.get(target, name) as unknown,
      enumerable: true,
      configurable: true,
      writable: true,
    };
  },
};

/** A live object. Each read of the same row gives another wrapper of it. */
export class RealmObject {
  declare readonly [MANAGED]: Managed;

  /** Creates an object of the class this is called on, as `realm.create(X, values)`. */
  constructor(realm: Realm, values: Record<string, unknown>) {
    return realm.create(new.target as never, values) as this;
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
      result[name] = toPlain(readProperty(this, property), cache);
    }
    for (const [name, property] of model.computed) {
      result[name] = toPlain(readComputed(this, property), cache);
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
    return linkingFrom(this, origin, property) as Results<T>;
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
  const object = Object.create(model.prototype, {
    // Configurable, so that the proxy may leave it out of the own keys.
    [MANAGED]: { value: { model, row } satisfies Managed, configurable: true },
  }) as RealmObject;
  return new Proxy(object, PROXY_HANDLER);
}

/** The prototype of the objects of `model`: an accessor for each property over the user's class. */
export function makePrototype(model: ClassModel): object {
  const base = (model.schema.ctor ?? RealmObject) as typeof RealmObject;
  const named = { [model.schema.name]: class extends base {} }[
    model.schema.name
  ] as typeof RealmObject;
  for (const [name, property] of model.computed) {
    Object.defineProperty(named.prototype, name, {
      configurable: true,
      get(this: RealmObject) {
        return readComputed(this, property);
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
        return readProperty(this, property);
      },
      set(this: RealmObject, value: unknown) {
        writePropertyOf(this, property, value);
      },
    });
  }
  return named.prototype;
}

function checkValid(object: RealmObject): Managed {
  const state = managed(object);
  assert(
    object.isValid(),
    `Accessing object of type ${state.model.schema.name} which has been invalidated or deleted`,
  );
  return state;
}

function readProperty(object: RealmObject, property: BoundProperty): unknown {
  const { model, row } = managed(object);
  if (property.collection !== undefined) {
    checkValid(object);
    return collectionOf(model, row, property);
  }
  try {
    const value = model.nativeRealm.get(model.native.id, row, property.native.id);
    if (property.schema.presentation === "counter" && value !== null) {
      return new Counter(CONSTRUCT, model, row, property);
    }
    return fromNative(model, row, property, value);
  } catch (error) {
    checkValid(object);
    throw error;
  }
}

function writePropertyOf(object: RealmObject, property: BoundProperty, value: unknown): void {
  const { model, row } = checkValid(object);
  model.realm._requireTransaction();
  const { schema } = property;
  if (property === model.primaryKey) {
    throw new Error(`Cannot change value of primary key '${schema.name}'`);
  }
  checkReset(model, row, property, value);
  writeProperty(model, row, property, value, schema.type === "object" ? schema.name : "value");
}

function readComputed(object: RealmObject, computed: ComputedProperty): Results {
  checkValid(object);
  const { model, property } = computed.origin();
  return linkingFrom(object, model, property);
}

function linkingFrom(object: RealmObject, origin: ClassModel, property: BoundProperty): Results {
  const { model, row } = managed(object);
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
