import { Decimal128, ObjectId, UUID } from "bson";

import { assert } from "./assert";
import { ClassModel } from "./class-model";
import { Collection } from "./collection";
import { Counter } from "./counter";
import { NativeScalar, NativeType, NativeValue } from "./native";
import { isManaged, modelOf, rowOf } from "./realm-object";
import { converterOf } from "./values";

/** The type that a scalar has without a schema; undefined for what is none. */
export function scalarTypeOf(value: unknown): number | undefined {
  switch (typeof value) {
    case "boolean":
      return NativeType.Bool;
    case "number":
      return NativeType.Double;
    case "bigint":
      return NativeType.Int;
    case "string":
      return NativeType.String;
    case "object":
      if (value instanceof Date) return NativeType.Date;
      if (value instanceof ObjectId) return NativeType.ObjectId;
      if (value instanceof UUID) return NativeType.Uuid;
      if (value instanceof Decimal128) return NativeType.Decimal128;
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return NativeType.Data;
      return undefined;
    default:
      return undefined;
  }
}

/** Whether `value` is a plain object: of the class `Object`, or of none. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** What a mixed value that has others in it becomes; undefined for every other value. */
export function nestedTypeOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return NativeType.List;
  return isPlainObject(value) ? NativeType.Dictionary : undefined;
}

/**
 * What the addon takes for a scalar or a link in a mixed value.
 *
 * @throws {Error} for what a mixed value cannot hold.
 */
export function toNativeMixed(model: ClassModel, value: unknown, target: string): NativeValue {
  if (value === null || value === undefined) return null;
  const type = scalarTypeOf(value);
  if (type !== undefined) {
    return [type, converterOf(type).toNative(value, target) as NativeScalar];
  }
  if (typeof value !== "object") throw new TypeError(`Can't convert ${typeof value} to Mixed`);
  if (isManaged(value)) {
    const linked = modelOf(value);
    assert(linked.realm === model.realm, "Realm object is from another Realm");
    assert(value.isValid(), "Object is invalid");
    if (linked.schema.embedded) {
      throw new Error("Using an embedded object as a Mixed value is not supported.");
    }
    return [NativeType.Link, rowOf(value), linked.native.id];
  }
  if (value instanceof Counter)
    throw new Error("Using a Counter as a Mixed value is not supported.");
  if (value instanceof Collection || value instanceof Set) {
    const { constructor } = Object.getPrototypeOf(value) as { constructor: { name: string } };
    throw new Error(`Using a ${constructor.name} as a Mixed value is not supported.`);
  }
  const { name = "null" } = (value.constructor as { name?: string } | undefined) ?? {};
  throw new TypeError(`Unable to convert an object with ctor '${name}' to a Mixed`);
}
