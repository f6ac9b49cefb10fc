import { Decimal128, ObjectId, UUID } from "bson";

import { TypeAssertionError } from "./errors";
import { NativeType, NativeValue } from "./native";

/** Between what applications see and what the addon takes, for every type but links. */
export interface ValueConverter {
  fromNative(value: NativeValue): unknown;
  /** @param target what an error names: `value`, `'prop'`, `list[2]`. */
  toNative(value: unknown, target: string): NativeValue;
}

const asIs = (value: NativeValue): unknown => value;

const intConverter: ValueConverter = {
  fromNative: (value) => Number(value),
  toNative(value, target) {
    if (typeof value === "bigint") return value;
    if (typeof value !== "number")
      throw new TypeAssertionError("a number or bigint", value, target);
    return Number.isSafeInteger(value) ? value : BigInt(value); // RangeError for a fraction or NaN
  },
};

const boolConverter: ValueConverter = {
  fromNative: asIs,
  toNative(value, target) {
    if (typeof value !== "boolean") throw new TypeAssertionError("a boolean", value, target);
    return value;
  },
};

const stringConverter: ValueConverter = {
  fromNative: asIs,
  toNative(value, target) {
    if (typeof value !== "string") throw new TypeAssertionError("a string", value, target);
    return value;
  },
};

const numberConverter: ValueConverter = {
  fromNative: asIs,
  toNative(value, target) {
    if (typeof value !== "number") throw new TypeAssertionError("a number", value, target);
    return value;
  },
};

const dataConverter: ValueConverter = {
  fromNative: asIs,
  toNative(value, target) {
    if (value instanceof ArrayBuffer) return value;
    if (ArrayBuffer.isView(value)) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
    if (typeof value === "string") {
      if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) {
        throw new Error("Attempted to create data from a string that is not base64");
      }
      return Uint8Array.from(Buffer.from(value, "base64"));
    }
    throw new TypeAssertionError("an instance of ArrayBuffer", value, target);
  },
};

const dateConverter: ValueConverter = {
  fromNative: (value) => new Date(value as number),
  toNative(value, target) {
    const date = typeof value === "string" ? new Date(value) : value;
    if (!(date instanceof Date)) throw new TypeAssertionError("an instance of Date", value, target);
    const milliseconds = date.getTime();
    if (Number.isNaN(milliseconds)) throw new RangeError("Invalid Date");
    return milliseconds;
  },
};

const objectIdConverter: ValueConverter = {
  fromNative: (value) => new ObjectId(Buffer.from(value as Uint8Array)),
  toNative(value, target) {
    if (!(value instanceof ObjectId)) {
      throw new TypeAssertionError("an instance of ObjectId", value, target);
    }
    return Uint8Array.from(value.id as Uint8Array);
  },
};

const uuidConverter: ValueConverter = {
  fromNative: (value) => new UUID(Buffer.from(value as Uint8Array)),
  toNative(value, target) {
    if (!(value instanceof UUID))
      throw new TypeAssertionError("an instance of UUID", value, target);
    return Uint8Array.from(value.buffer);
  },
};

const decimalConverter: ValueConverter = {
  fromNative: (value) => new Decimal128(Buffer.from(value as Uint8Array)),
  toNative(value, target) {
    if (!(value instanceof Decimal128)) {
      throw new TypeAssertionError("an instance of Decimal128", value, target);
    }
    return Uint8Array.from(value.bytes);
  },
};

const CONVERTERS = new Map<number, ValueConverter>([
  [NativeType.Int, intConverter],
  [NativeType.Bool, boolConverter],
  [NativeType.String, stringConverter],
  [NativeType.Float, numberConverter],
  [NativeType.Double, numberConverter],
  [NativeType.Data, dataConverter],
  [NativeType.Date, dateConverter],
  [NativeType.ObjectId, objectIdConverter],
  [NativeType.Uuid, uuidConverter],
  [NativeType.Decimal128, decimalConverter],
]);

/** The converter of a scalar type. */
export function converterOf(type: number): ValueConverter {
  const converter = CONVERTERS.get(type);
  if (converter === undefined) throw new Error(`No values of type ${type}`);
  return converter;
}

/** The names of types, of values in mixed ones too. */
export const TYPE_NAMES = new Map<number, string>([
  [NativeType.Mixed, "mixed"],
  [NativeType.Int, "int"],
  [NativeType.Bool, "bool"],
  [NativeType.String, "string"],
  [NativeType.Data, "data"],
  [NativeType.Date, "date"],
  [NativeType.Float, "float"],
  [NativeType.Double, "double"],
  [NativeType.Decimal128, "decimal128"],
  [NativeType.ObjectId, "objectId"],
  [NativeType.Uuid, "uuid"],
  [NativeType.List, "list"],
  [NativeType.Dictionary, "dictionary"],
]);

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** Whether two values of a property are the same to an application. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (left instanceof ObjectId && right instanceof ObjectId) return left.equals(right);
  if (left instanceof UUID && right instanceof UUID) return left.equals(right);
  if (left instanceof Decimal128 && right instanceof Decimal128) {
    return Buffer.compare(left.bytes, right.bytes) === 0;
  }
  const bytes = bytesOf(left);
  const others = bytes && bytesOf(right);
  return bytes !== undefined && others !== undefined && Buffer.compare(bytes, others) === 0;
}
