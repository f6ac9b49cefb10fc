import {
  NativeClass,
  NativeCollection,
  NativeProperty,
  NativeRealm,
  NativeType,
  NativeValue,
} from "./native";
import type { Realm } from "./realm";
import type { Results } from "./results";
import { CanonicalObjectSchema, CanonicalPropertySchema } from "./schema";
import { ValueConverter, converterOf } from "./values";

/** A property of a class in an open realm: its schema, its number, and how its values convert. */
export interface BoundProperty {
  readonly schema: CanonicalPropertySchema;
  readonly native: NativeProperty;
  readonly isList: boolean;
  /** Of the value, or of the elements of a collection. */
  readonly converter: ValueConverter;
  /** Of what links lead to. */
  readonly target: (() => ClassModel) | undefined;
}

/** A class of an open realm: what reads, writes and wraps its objects. */
export interface ClassModel {
  readonly realm: Realm;
  readonly nativeRealm: NativeRealm;
  readonly schema: CanonicalObjectSchema;
  readonly native: NativeClass;
  /** By JavaScript name, in the order of the schema. */
  readonly properties: ReadonlyMap<string, BoundProperty>;
  readonly primaryKey: BoundProperty | undefined;
  /** What the objects' accessors hang on. */
  prototype: object;
  /** Elements that one of its lists has now, as results that stay so. */
  snapshotOf<T>(elements: readonly T[], of: { type: string; optional: boolean }): Results<T>;
  /** The object in a row. */
  wrap(row: number): unknown;
}

/** How links convert: needs the classes of the realm, which the realm has. */
export interface LinkConversion {
  model(className: string): ClassModel;
  toRow(className: string, value: unknown, target: string): number;
}

export function bindProperty(
  schema: CanonicalPropertySchema,
  native: NativeProperty,
  links: LinkConversion,
): BoundProperty {
  const isLink = native.type === NativeType.Link;
  const converter: ValueConverter = isLink
    ? {
        fromNative: (value: NativeValue) => links.model(native.target).wrap(value as number),
        toNative: (value, target) => links.toRow(native.target, value, target),
      }
    : converterOf(native.type);
  return {
    schema,
    native,
    isList: native.collection === NativeCollection.List,
    converter,
    target: isLink ? () => links.model(native.target) : undefined,
  };
}

/** The JavaScript value of what the addon gave for `property` or for one of its elements. */
export function fromNative(property: BoundProperty, value: NativeValue): unknown {
  return value === null ? null : property.converter.fromNative(value);
}

/** What the addon takes for `value`; null where the property allows it. */
export function toNative(property: BoundProperty, value: unknown, target: string): NativeValue {
  if ((value === null || value === undefined) && property.schema.optional) return null;
  return property.converter.toNative(value, target);
}
