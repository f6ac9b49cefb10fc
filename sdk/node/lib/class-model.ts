import { Counter } from "./counter";
import { toNativeMixed } from "./mixed";
import {
  NativeClass,
  NativeCollection,
  NativeMixed,
  NativeProperty,
  NativeRealm,
  NativeResults,
  NativeSortedValues,
  NativeType,
  NativeValue,
} from "./native";
import type { Realm } from "./realm";
import type { RealmObject } from "./realm-object";
import type { Results } from "./results";
import { CanonicalObjectSchema, CanonicalPropertySchema } from "./schema";
import type { StoredCollection } from "./stored-collection";
import { ValueConverter, converterOf } from "./values";
import { nestedCollection } from "./write-value";

/** A property of a class in an open realm: its schema, its number, and how its values convert. */
export interface BoundProperty {
  readonly schema: CanonicalPropertySchema;
  readonly native: NativeProperty;
  readonly collection: "list" | "set" | "dictionary" | undefined;
  /** Of the value, or of the elements of a collection; but see `fromNative` for mixed values. */
  readonly converter: ValueConverter;
  /** Whether it is a single value that nothing but itself says how to write. */
  readonly isScalar: boolean;
  /** Whether the values are embedded objects. */
  isEmbedded(): boolean;
  /** Of what links lead to. */
  readonly target: (() => ClassModel) | undefined;
}

/** A property that gives the objects which link to an object. */
export interface ComputedProperty {
  readonly schema: CanonicalPropertySchema;
  readonly origin: () => { readonly model: ClassModel; readonly property: BoundProperty };
}

/** A class of an open realm: what reads, writes and wraps its objects. */
export interface ClassModel {
  readonly realm: Realm;
  readonly nativeRealm: NativeRealm;
  readonly schema: CanonicalObjectSchema;
  readonly native: NativeClass;
  /** By JavaScript name, in the order of the schema. */
  readonly properties: ReadonlyMap<string, BoundProperty>;
  /** Those that are not stored, likewise. */
  readonly computed: ReadonlyMap<string, ComputedProperty>;
  readonly primaryKey: BoundProperty | undefined;
  /** The numbers of all properties, in that order, where all are scalars; not of an embedded class. */
  readonly scalars: Uint32Array | undefined;
  /** Makes what stands behind the proxies of its objects. */
  Target: new () => RealmObject;
  /** Elements that one of its lists has now, as results that stay so. */
  snapshotOf<T>(elements: readonly T[], of: { type: string; optional: boolean }): Results<T>;
  /** Some of its objects. */
  resultsOf<T>(native: NativeResults): Results<T>;
  /** The elements of one of its lists or sets of values in their order. */
  sortedValuesOf<T>(
    collection: StoredCollection<T>,
    native: NativeSortedValues,
    present: (value: NativeValue) => T,
  ): Results<T>;
  /** The object in a row. */
  wrap(row: number): unknown;
}

/** How links convert: needs the classes of the realm, which the realm has. */
export interface LinkConversion {
  model(className: string): ClassModel;
  /** Of the class that has the property. */
  owner(): ClassModel;
  toRow(className: string, value: unknown, target: string): number;
}

export function bindProperty(
  schema: CanonicalPropertySchema,
  native: NativeProperty,
  links: LinkConversion,
): BoundProperty {
  const isLink = native.type === NativeType.Link;
  const isCounter = schema.presentation === "counter";
  return {
    schema,
    native,
    collection: ([undefined, "list", "dictionary", "set"] as const)[native.collection],
    converter: isCounter ? counterConverter : makeConverter(native, links),
    isScalar:
      native.collection === NativeCollection.Single &&
      !isLink &&
      native.type !== NativeType.Mixed &&
      !isCounter,
    isEmbedded: () => isLink && links.model(native.target).schema.embedded,
    target: isLink ? () => links.model(native.target) : undefined,
  };
}

/** Takes the value of another counter. */
const counterConverter: ValueConverter = {
  fromNative: (value) => Number(value),
  toNative: (value, target) =>
    converterOf(NativeType.Int).toNative(value instanceof Counter ? value.value : value, target),
};

function makeConverter({ type, target: className }: NativeProperty, links: LinkConversion) {
  switch (type) {
    case NativeType.Link:
      return {
        fromNative: (value: NativeValue) => links.model(className).wrap(value as number),
        toNative: (value: unknown, target: string) => links.toRow(className, value, target),
      };
    case NativeType.Mixed:
      return {
        fromNative: (value: NativeValue) => value,
        toNative: (value: unknown, target: string) => toNativeMixed(links.owner(), value, target),
      };
    default:
      return converterOf(type);
  }
}

/** The JavaScript value of what the addon gave for a property of the object in `row`, or for one of
 * its elements. */
export function fromNative(
  model: ClassModel,
  row: number,
  property: BoundProperty,
  value: NativeValue,
): unknown {
  if (value === null) return null;
  if (property.native.type !== NativeType.Mixed) return property.converter.fromNative(value);
  const mixed = value as NativeMixed;
  const [type, content, classId] = mixed;
  switch (type) {
    case NativeType.Link:
      return model.realm._modelOfId(classId as number).wrap(content as number);
    case NativeType.List:
    case NativeType.Dictionary:
      return nestedCollection(model, row, property, mixed);
    default:
      return converterOf(type).fromNative(content as NativeValue);
  }
}

/** What the addon takes for `value`; null where the property allows it. */
export function toNative(property: BoundProperty, value: unknown, target: string): NativeValue {
  if ((value === null || value === undefined) && property.schema.optional) return null;
  return property.converter.toNative(value, target);
}
