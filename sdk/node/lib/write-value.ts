import { BoundProperty, ClassModel, toNative } from "./class-model";
import { Collection } from "./collection";
import { Dictionary, entriesOf } from "./dictionary";
import { TypeAssertionError } from "./errors";
import { List } from "./list";
import { isPlainObject, nestedTypeOf } from "./mixed";
import { NativeMixed, NativeType, NativeValue } from "./native";
import { RealmObject, isManaged, modelOf, rowOf } from "./realm-object";
import { RealmSet } from "./set";

/** The collection that a property is, or one in its mixed values. */
export type AnyCollection = List | RealmSet | Dictionary;

/** Where a value stands: a property of an object, or an element of a collection. */
export interface Place {
  write(value: NativeValue): void;
  read(): NativeValue;
  /** Nothing stands there until something is written. */
  isNew?: boolean;
}

/** The collection that the property of the object in `row` is. */
export function collectionOf(
  model: ClassModel,
  row: number,
  property: BoundProperty,
): AnyCollection {
  switch (property.collection) {
    case "set":
      return RealmSet.of(model, row, property);
    case "dictionary":
      return Dictionary.of(model, row, property);
    default:
      return List.of(model, row, property);
  }
}

/** The list or dictionary of that number in the mixed values of a property. */
export function nestedCollection(
  model: ClassModel,
  row: number,
  property: BoundProperty,
  [type, id]: NativeMixed,
): List | Dictionary {
  const of = type === NativeType.List ? List.of : Dictionary.of;
  return of(model, row, property, id as number);
}

/** Writes a property of the object in `row`, of whatever kind, but the primary key. */
export function writeProperty(
  model: ClassModel,
  row: number,
  property: BoundProperty,
  value: unknown,
  target: string,
): void {
  if (property.collection !== undefined) {
    collectionOf(model, row, property)._assign(value);
    return;
  }
  const address = [model.native.id, row, property.native.id] as const;
  writeValue(model, row, property, value, target, {
    write: (native) => model.nativeRealm.set(...address, native),
    read: () => model.nativeRealm.get(...address),
  });
}

/** Writes a value, with all that is in it, to its place in the property of the object in `row`. */
export function writeValue(
  model: ClassModel,
  row: number,
  property: BoundProperty,
  value: unknown,
  target: string,
  place: Place,
): void {
  const isNull = value === null || value === undefined;
  if (!isNull && property.isEmbedded()) {
    writeEmbedded(property, value, target, place);
    return;
  }
  if (!isNull && property.native.type === NativeType.Mixed) {
    const isNested = value instanceof List || value instanceof Dictionary;
    const copy = isNested ? plainCopy(value) : value; // It may stand in what is replaced.
    const type = nestedTypeOf(copy);
    if (type !== undefined) {
      place.write([type]);
      nestedCollection(model, row, property, place.read() as NativeMixed)._assign(copy);
      return;
    }
  }
  place.write(toNative(property, value, target));
}

function writeEmbedded(
  property: BoundProperty,
  value: unknown,
  target: string,
  place: Place,
): void {
  const model = property.target?.() as ClassModel;
  if (typeof value !== "object" || value === null) {
    throw new TypeAssertionError("an object", value, target);
  }
  // What stands there already stays.
  const isSame = isManaged(value) && modelOf(value) === model && !place.isNew;
  if (isSame && place.read() === rowOf(value)) return;
  const values = plainCopy(value) as Record<string, unknown>;
  place.write(true);
  model.realm._fill(model, place.read() as number, values);
}

/** The values of embedded objects and collections, apart from the realm; other values themselves. */
function plainCopy(value: unknown): unknown {
  if (value instanceof Dictionary || isPlainObject(value)) {
    return Object.fromEntries(
      entriesOf(value).map(([key, element]) => [key, copyElement(element)]),
    );
  }
  if (value instanceof Collection || Array.isArray(value)) {
    return Array.from(value as Iterable<unknown>, copyElement);
  }
  if (isManaged(value)) {
    return Object.fromEntries(
      [...modelOf(value).properties.keys()].map((name) => [
        name,
        copyElement((value as RealmObject & Record<string, unknown>)[name]),
      ]),
    );
  }
  return value;
}

function copyElement(value: unknown): unknown {
  if (isManaged(value)) return modelOf(value).schema.embedded ? plainCopy(value) : value;
  return value instanceof Collection ? plainCopy(value) : value;
}
