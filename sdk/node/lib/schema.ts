import { ObjectSchemaParseError, PropertySchemaParseError, SchemaParseError } from "./errors";
import { flags } from "./flags";
import {
  NativeClass,
  NativeClassKind,
  NativeClassSchema,
  NativeCollection,
  NativeIndex,
  NativePropertySchema,
  NativeType,
} from "./native";
import { TYPE_NAMES } from "./values";

/** Reading the schemas that applications write, in all their forms, into one canonical form. */

export interface PropertySchema {
  type: string;
  objectType?: string | undefined;
  property?: string | undefined;
  optional?: boolean | undefined;
  indexed?: boolean | "full-text" | undefined;
  mapTo?: string | undefined;
  default?: unknown;
  presentation?: string | undefined;
  name?: string | undefined;
}
export interface ObjectSchema {
  name: string;
  primaryKey?: string | undefined;
  embedded?: boolean | undefined;
  asymmetric?: boolean | undefined;
  properties: Record<string, PropertySchema | string>;
}
/** A model: a class that extends `Realm.Object` and has a static schema. */
export interface ObjectClass {
  new (...args: never[]): object;
  schema?: unknown;
}

export interface CanonicalPropertySchema {
  name: string;
  type: string;
  objectType?: string;
  property?: string;
  optional: boolean;
  indexed: boolean | "full-text";
  mapTo: string;
  default?: unknown;
  presentation?: string;
}
export interface CanonicalObjectSchema {
  name: string;
  primaryKey?: string;
  embedded: boolean;
  asymmetric: boolean;
  ctor?: ObjectClass;
  properties: Record<string, CanonicalPropertySchema>;
}

const PRIMITIVES = new Set([
  "bool",
  "int",
  "float",
  "double",
  "decimal128",
  "objectId",
  "string",
  "data",
  "date",
  "mixed",
  "uuid",
]);
const COLLECTIONS = new Set(["list", "dictionary", "set"]);
const COLLECTION_SUFFIXES = [
  ["[]", "list"],
  ["{}", "dictionary"],
  ["<>", "set"],
] as const;
const OBJECT_FIELDS = new Set([
  "name",
  "primaryKey",
  "embedded",
  "asymmetric",
  "properties",
  "ctor",
]);
const PROPERTY_FIELDS = new Set([
  "type",
  "objectType",
  "property",
  "optional",
  "indexed",
  "mapTo",
  "default",
  "presentation",
  "name",
]);

/** Type, element type and optionality before they are checked against each other. */
interface TypeDeclaration {
  type: string;
  objectType?: string | undefined;
  optional?: boolean | undefined;
  presentation?: string | undefined;
}

export function parseSchema(
  input: readonly (ObjectSchema | ObjectClass)[],
  isModel: (candidate: unknown) => boolean,
): CanonicalObjectSchema[] {
  return input.map((entry) =>
    typeof entry === "function" ? parseModel(entry, isModel) : parseObject(entry),
  );
}

function parseModel(
  model: ObjectClass,
  isModel: (candidate: unknown) => boolean,
): CanonicalObjectSchema {
  if (!isModel(model)) {
    throw new ObjectSchemaParseError(`Class '${model.name}' must extend Realm.Object`, model.name);
  }
  if (typeof model.schema !== "object" || model.schema === null) {
    throw new ObjectSchemaParseError(
      `Expected 'schema static' to be an object, got ${String(model.schema)}`,
      model.name,
    );
  }
  return { ...parseObject(model.schema as ObjectSchema), ctor: model };
}

function parseObject(schema: ObjectSchema): CanonicalObjectSchema {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new SchemaParseError("Expected 'object schema' to be an object");
  }
  const { name, primaryKey, embedded = false, asymmetric = false } = schema;
  const properties =
    flags.ALLOW_VALUES_ARRAYS && Array.isArray(schema.properties)
      ? byName(schema.properties)
      : schema.properties;
  const fail = (message: string): never => {
    throw new ObjectSchemaParseError(message, typeof name === "string" ? name : undefined);
  };
  if (typeof name !== "string" || name === "") fail("Expected 'name' to be a non-empty string");
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) {
    fail("Expected 'properties' to be an object");
  }
  const unexpected = Object.keys(schema).filter((field) => !OBJECT_FIELDS.has(field));
  if (unexpected.length > 0) fail(`Unexpected field(s): ${unexpected.join(", ")}`);
  if (primaryKey !== undefined && !(primaryKey in properties)) {
    fail(`'${primaryKey}' is set as primary key, but is not one of its properties`);
  }

  const result: CanonicalObjectSchema = { name, embedded, asymmetric, properties: {} };
  if (primaryKey !== undefined) result.primaryKey = primaryKey;
  const parsed = Object.entries(properties).map(([key, property]) => {
    return [key, parseProperty(property, name, key, key === primaryKey)] as const;
  });
  const isComputed = (property: CanonicalPropertySchema) => property.type === "linkingObjects";
  result.properties = Object.fromEntries([
    ...parsed.filter(([, property]) => isComputed(property)),
    ...parsed.filter(([, property]) => !isComputed(property)),
  ]);
  return result;
}

function byName(properties: readonly PropertySchema[]): Record<string, PropertySchema> {
  return Object.fromEntries(properties.map((property) => [property.name, property]));
}

function parseProperty(
  input: PropertySchema | string,
  objectName: string,
  propertyName: string,
  isPrimaryKey: boolean,
): CanonicalPropertySchema {
  const fail = (message: string): never => {
    throw new PropertySchemaParseError(message, objectName, propertyName);
  };
  let declaration: TypeDeclaration;
  let details: PropertySchema = { type: "" };
  if (typeof input === "string") {
    declaration = parseShorthand(input, fail);
  } else {
    if (typeof input !== "object" || input === null) fail("Expected a string or an object");
    const unexpected = Object.keys(input).filter((field) => !PROPERTY_FIELDS.has(field));
    if (unexpected.length > 0) fail(`Unexpected field(s): ${unexpected.join(", ")}`);
    if (typeof input.type !== "string" || input.type === "") fail("The type must be specified");
    if (!PRIMITIVES.has(input.type) && !COLLECTIONS.has(input.type)) {
      if (input.type !== "object" && input.type !== "linkingObjects") {
        fail(`'${input.type}' is not a type; use the shorthand form or 'objectType' for classes`);
      }
    }
    details = input;
    declaration = {
      type: input.type,
      objectType: input.objectType,
      optional: input.optional,
      presentation: input.presentation,
    };
  }
  const optional = checkDeclaration(declaration, details, fail);
  const indexed = details.indexed ?? isPrimaryKey;
  if (isPrimaryKey && indexed !== true) fail("Primary keys must always be indexed");

  const result: CanonicalPropertySchema = {
    name: propertyName,
    type: declaration.type,
    optional,
    indexed,
    mapTo: details.mapTo ?? propertyName,
  };
  if (declaration.objectType !== undefined) result.objectType = declaration.objectType;
  if (details.property !== undefined) result.property = details.property;
  if (details.default !== undefined) result.default = details.default;
  if (declaration.presentation === "counter") result.presentation = "counter";
  return result;
}

function parseShorthand(text: string, fail: (message: string) => never): TypeDeclaration {
  let rest = text;
  let collection: string | undefined;
  for (const [suffix, type] of COLLECTION_SUFFIXES) {
    if (rest.endsWith(`${suffix}?`)) {
      fail("Collections cannot be optional; put '?' before the collection's brackets");
    }
    if (rest.endsWith(suffix)) {
      collection = type;
      rest = rest.slice(0, -suffix.length);
      break;
    }
  }
  if (collection !== undefined && COLLECTION_SUFFIXES.some(([suffix]) => rest.endsWith(suffix))) {
    fail("Nested collections are not supported");
  }
  let optional: boolean | undefined;
  if (rest.endsWith("?")) {
    optional = true;
    rest = rest.slice(0, -1);
  }
  if (rest === "") fail("The type must be specified");
  if (COLLECTIONS.has(rest) || rest === "object" || rest === "linkingObjects") {
    fail(`'${rest}' must be declared in the object form of a property`);
  }
  let presentation: string | undefined;
  if (rest === "counter") {
    if (collection !== undefined) fail("Counters cannot be used in collections");
    presentation = "counter";
    rest = "int";
  }
  if (collection !== undefined) return { type: collection, objectType: rest, optional };
  if (PRIMITIVES.has(rest)) return { type: rest, optional, presentation };
  return { type: "object", objectType: rest, optional };
}

/** Checks the parts of a declaration against each other; returns whether values may be null. */
function checkDeclaration(
  declaration: TypeDeclaration,
  details: PropertySchema,
  fail: (message: string) => never,
): boolean {
  const { type, objectType, optional, presentation } = declaration;
  const isCollection = COLLECTIONS.has(type);
  if (isCollection && objectType === undefined) fail(`'objectType' is needed for a ${type}`);
  if (PRIMITIVES.has(type) && objectType !== undefined) {
    fail(`'objectType' cannot be defined when 'type' is '${type}'`);
  }
  if (type === "object" && objectType === undefined) fail("'objectType' is needed for an object");
  if (type === "linkingObjects") {
    if (objectType === undefined || details.property === undefined) {
      fail("'objectType' and 'property' are needed for linking objects");
    }
  } else if (details.property !== undefined) {
    fail("'property' can only be specified if 'type' is 'linkingObjects'");
  }
  if (presentation === "counter" && type !== "int") fail("Counters can only be of type 'int'");

  const element = isCollection ? objectType : type;
  if (element === "mixed") {
    if (optional === false) fail("'mixed' types are always optional");
    return true;
  }
  const isLink = type === "object" || (isCollection && !PRIMITIVES.has(objectType ?? ""));
  if (!isLink && type !== "linkingObjects") return optional ?? false;
  if (type === "object" || type === "dictionary") {
    if (optional === false)
      fail("Being optional is always assumed for links and their dictionaries");
    return true;
  }
  if (optional === true) fail("Elements of lists and sets of objects are never optional");
  return false;
}

const TEMPLATE_VALUES: Record<string, () => unknown> = {
  bool: () => false,
  int: () => 0,
  float: () => 0,
  double: () => 0,
  string: () => "",
  data: () => new ArrayBuffer(0),
  date: () => new Date(0),
};

/** The default of each property, or the zero of its type where it must have a value and there is one. */
export function templateOf({ properties }: CanonicalObjectSchema): Record<string, unknown> {
  const template: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    const zero = property.optional ? undefined : TEMPLATE_VALUES[property.type]?.();
    const value = property.default ?? zero;
    if (value !== undefined) template[name] = value;
  }
  return template;
}

const NATIVE_TYPES: Record<string, number> = {
  bool: NativeType.Bool,
  int: NativeType.Int,
  float: NativeType.Float,
  double: NativeType.Double,
  decimal128: NativeType.Decimal128,
  objectId: NativeType.ObjectId,
  string: NativeType.String,
  data: NativeType.Data,
  date: NativeType.Date,
  mixed: NativeType.Mixed,
  uuid: NativeType.Uuid,
};
const NATIVE_COLLECTIONS: Record<string, number> = {
  list: NativeCollection.List,
  dictionary: NativeCollection.Dictionary,
  set: NativeCollection.Set,
};

/** The form in which the core takes the schema; stored names in place of JavaScript names. */
export function toNativeSchema(schema: readonly CanonicalObjectSchema[]): NativeClassSchema[] {
  return schema.map((object) => ({
    name: object.name,
    kind: object.embedded ? NativeClassKind.Embedded : NativeClassKind.TopLevel,
    primaryKey:
      object.primaryKey === undefined ? "" : (object.properties[object.primaryKey]?.mapTo ?? ""),
    properties: Object.values(object.properties)
      .filter(({ type }) => type !== "linkingObjects")
      .map(toNativeProperty),
  }));
}

function toNativeIndex(indexed: boolean | "full-text"): number {
  if (indexed === "full-text") return NativeIndex.FullText;
  return indexed ? NativeIndex.General : NativeIndex.None;
}

function toNativeProperty(property: CanonicalPropertySchema): NativePropertySchema {
  const collection = NATIVE_COLLECTIONS[property.type];
  const element = collection === undefined ? property.type : (property.objectType ?? "");
  const primitive = NATIVE_TYPES[element];
  return {
    name: property.mapTo,
    type: primitive ?? NativeType.Link,
    collection: collection ?? NativeCollection.Single,
    nullable: property.optional,
    target: primitive === undefined ? (property.objectType ?? "") : "",
    index: toNativeIndex(property.indexed),
  };
}

const INDEX_NAMES = [false, true, "full-text"] as const;
const COLLECTION_NAMES = [undefined, "list", "dictionary", "set"] as const;

/** The schema of a class that is in the file but was not declared. */
export function fromNativeSchema({
  name,
  kind,
  primaryKey,
  properties,
}: NativeClass): CanonicalObjectSchema {
  const result: CanonicalObjectSchema = {
    name,
    embedded: kind === NativeClassKind.Embedded,
    asymmetric: false,
    properties: {},
  };
  if (primaryKey !== "") result.primaryKey = primaryKey;
  for (const property of properties) {
    const element = TYPE_NAMES.get(property.type) ?? property.target;
    const collection = COLLECTION_NAMES[property.collection];
    const isLink = property.type === NativeType.Link;
    const schema: CanonicalPropertySchema = {
      name: property.name,
      type: collection ?? (isLink ? "object" : element),
      optional: property.nullable,
      indexed: property.name === primaryKey || (INDEX_NAMES[property.index] ?? false),
      mapTo: property.name,
    };
    if (collection !== undefined || isLink) schema.objectType = element;
    result.properties[property.name] = schema;
  }
  return result;
}
