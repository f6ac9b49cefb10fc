import { assert } from "./assert";
import { BoundProperty, ClassModel, fromNative, toNative } from "./class-model";
import { Collection } from "./collection";
import { checkReset } from "./counter";
import { flags } from "./flags";
import { TypeAssertionError } from "./errors";
import { nestedTypeOf } from "./mixed";
import { NativeRealm, NativeType, NativeUpdateMode, NativeValue } from "./native";
import { RealmObject, isManaged, modelOf, rowOf } from "./realm-object";
import { CanonicalPropertySchema } from "./schema";
import { sameValue } from "./values";
import { writeProperty } from "./write-value";

export const UpdateMode = { Never: "never", Modified: "modified", All: "all" } as const;
export type UpdateMode = (typeof UpdateMode)[keyof typeof UpdateMode];

/** Makes the objects of a realm out of the values that applications give. */
export class ObjectCreation {
  readonly #native: NativeRealm;

  constructor(native: NativeRealm) {
    this.#native = native;
  }

  /** The row of a new object of a class of scalars: what may be wrong is asked when it fails. */
  createScalars(model: ClassModel, scalars: Uint32Array, values: Record<string, unknown>): number {
    try {
      const natives: (NativeValue | undefined)[] = [];
      for (const [name, property] of model.properties) {
        const value = givenValue(model, values, name, property, true);
        natives.push(value === undefined ? undefined : toNative(property, value, "value"));
      }
      return this.#native.create(model.native.id, scalars, natives, NativeUpdateMode.Never);
    } catch (error) {
      model.realm._requireTransaction();
      const keyed = withKey(model, values);
      requireNew(model, keyed, this.#findExisting(model, keyed));
      throw error;
    }
  }

  /** The row of the new object, or of that with the same primary key. */
  createRow(model: ClassModel, given: Record<string, unknown>, mode: number): number {
    const values = withKey(model, namedValues(model, given));
    const existing = this.#findExisting(model, values);
    if (mode === NativeUpdateMode.Never) requireNew(model, values, existing);
    const properties: number[] = [];
    const natives: NativeValue[] = [];
    const others: [BoundProperty, unknown][] = [];
    for (const [property, value] of this.#valuesOf(model, values, existing === undefined)) {
      if (isMadeInPlace(property, value)) {
        others.push([property, value]);
        continue;
      }
      if (existing !== undefined) checkReset(model, existing, property, value);
      if (existing !== undefined && mode === NativeUpdateMode.Modified) {
        const stored = this.#native.get(model.native.id, existing, property.native.id);
        const current = fromNative(model, existing, property, stored);
        if (property !== model.primaryKey && sameValue(current, value)) continue;
      }
      properties.push(property.native.id);
      natives.push(this.#withMode(mode, () => toNative(property, value, targetOf(property))));
    }
    const row = this.#native.create(
      model.native.id,
      Uint32Array.from(properties),
      natives,
      NativeUpdateMode.All,
    );
    for (const [property, value] of others) {
      this.#withMode(mode, () => writeProperty(model, row, property, value, targetOf(property)));
    }
    return row;
  }

  /** Gives a new embedded object its values. */
  fill(model: ClassModel, row: number, values: Record<string, unknown>): void {
    for (const [property, value] of this.#valuesOf(model, values, true)) {
      writeProperty(model, row, property, value, targetOf(property));
    }
  }

  /** What is to be written of `values`, with the defaults of a new object. */
  *#valuesOf(
    model: ClassModel,
    values: Record<string, unknown>,
    isNew: boolean,
  ): Generator<[BoundProperty, unknown]> {
    for (const [name, property] of model.properties) {
      const value = givenValue(model, values, name, property, isNew);
      if (value !== undefined) yield [property, value];
    }
  }

  #findExisting(model: ClassModel, values: Record<string, unknown>): number | undefined {
    const { primaryKey } = model;
    if (primaryKey === undefined) return undefined;
    const key = values[primaryKey.schema.name];
    if (key === undefined) return undefined;
    return this.#native.find(
      model.native.id,
      primaryKey.native.id,
      toNative(primaryKey, key, primaryKey.schema.name),
    );
  }

  /** The mode of the `create` under way also holds for objects nested in its values. */
  #mode: number = NativeUpdateMode.Never;
  #withMode<T>(mode: number, work: () => T): T {
    const outer = this.#mode;
    this.#mode = mode;
    try {
      return work();
    } finally {
      this.#mode = outer;
    }
  }

  /** The row of the object that is to be linked to, which may have to be made. */
  linkedRow(model: ClassModel, value: unknown, target: string): number {
    if (typeof value !== "object" || value === null) {
      throw new TypeAssertionError("an object", value, target);
    }
    if (isManaged(value) && modelOf(value) === model) {
      assert(value.isValid(), "Object is invalid");
      return rowOf(value);
    }
    return this.createRow(model, value as Record<string, unknown>, this.#mode);
  }
}

export function toNativeMode(mode: UpdateMode | boolean): number {
  switch (mode) {
    case UpdateMode.Never:
    case false:
      return NativeUpdateMode.Never;
    case UpdateMode.Modified:
      return NativeUpdateMode.Modified;
    case UpdateMode.All:
    case true:
      return NativeUpdateMode.All;
  }
  throw new Error(`Unsupported 'updateMode': ${String(mode)}`);
}

/** Whether the value is written once the object is there, because it is made in its place. */
function isMadeInPlace(property: BoundProperty, value: unknown): boolean {
  if (property.collection !== undefined || property.isEmbedded()) return true;
  return (
    property.native.type === NativeType.Mixed &&
    (nestedTypeOf(value) !== undefined || value instanceof Collection)
  );
}

/**
 * The values by name; a list of them, where that is allowed, is in the order of the properties.
 *
 * @throws {Error} for what has no values by name.
 */
function namedValues({ properties }: ClassModel, values: Record<string, unknown>) {
  if (Array.isArray(values)) {
    if (!flags.ALLOW_VALUES_ARRAYS) throw new Error("The values of an object are given by name");
    const given: readonly unknown[] = values;
    return Object.fromEntries([...properties.keys()].map((name, index) => [name, given[index]]));
  }
  if (values instanceof RealmObject && !isManaged(values)) {
    throw new Error("An object that is in no realm has no values");
  }
  return values;
}

/** The values with that of the primary key, which says whether the object is new. */
function withKey({ primaryKey }: ClassModel, values: Record<string, unknown>) {
  const name = primaryKey?.schema.name;
  if (primaryKey === undefined || name === undefined || values[name] !== undefined) return values;
  const key = defaultOf(primaryKey.schema);
  if (key === undefined) return values;
  return Object.create(values, { [name]: { value: key } }) as Record<string, unknown>;
}

/** What errors call a value of the property. */
function targetOf({ schema }: BoundProperty): string {
  return schema.type === "object" ? schema.name : "value";
}

function requireNew(
  model: ClassModel,
  values: Record<string, unknown>,
  existing: number | undefined,
): void {
  if (existing === undefined) return;
  throw new Error(
    `Attempting to create an object of type '${model.schema.name}' with an existing ` +
      `primary key value '${String(values[model.schema.primaryKey ?? ""])}'.`,
  );
}

/** The value of a property, or the default of a new object; undefined: none is to be written. */
function givenValue(
  model: ClassModel,
  values: Record<string, unknown>,
  name: string,
  property: BoundProperty,
  isNew: boolean,
): unknown {
  let given = values[name];
  if (given === undefined && isNew) given = defaultOf(property.schema);
  if (given !== undefined) return given;
  if (property === model.primaryKey) throw new TypeAssertionError("a value", given, name);
  if (!isNew || property.collection !== undefined || property.schema.optional) return undefined;
  throw new Error(`Missing value for property '${model.schema.name}.${name}'`);
}

function defaultOf({ default: value }: CanonicalPropertySchema): unknown {
  return typeof value === "function" ? (value as () => unknown)() : value;
}
