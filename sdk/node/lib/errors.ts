/** A state or an argument that the call does not allow. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** A value of the wrong type: `Expected <target> to be <expected>, got <actual>`. */
export class TypeAssertionError extends AssertionError {
  override name = "TypeAssertionError";

  constructor(expected: string, actual: unknown, target = "value") {
    super(`Expected ${quoteTarget(target)} to be ${expected}, got ${describeValue(actual)}`);
  }
}

export class IllegalConstructorError extends Error {
  override name = "IllegalConstructorError";

  constructor(type: string) {
    super(`Illegal constructor: ${type} objects are read from managed objects only.`);
  }
}

export class TimeoutError extends Error {
  override name = "TimeoutError";

  constructor(message: string) {
    super(`Timed out: ${message}`);
  }
}

export class SchemaParseError extends Error {
  override name = "SchemaParseError";
}

export class ObjectSchemaParseError extends SchemaParseError {
  override name = "ObjectSchemaParseError";
  readonly objectName: string | undefined;

  constructor(message: string, objectName: string | undefined) {
    const subject = objectName === undefined ? "unnamed object" : `object '${objectName}'`;
    super(`Invalid schema for ${subject}: ${message}`);
    this.objectName = objectName;
  }
}

export class PropertySchemaParseError extends SchemaParseError {
  override name = "PropertySchemaParseError";
  readonly objectName: string;
  readonly propertyName: string;

  constructor(message: string, objectName: string, propertyName: string) {
    super(`Invalid type declaration for property '${propertyName}' on '${objectName}': ${message}`);
    this.objectName = objectName;
    this.propertyName = propertyName;
  }
}

function quoteTarget(target: string): string {
  return target === "value" || target.includes("'") ? target : `'${target}'`;
}

/** The kind of `value` as error texts name it. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "number":
      if (Number.isNaN(value)) return "NaN";
      return Number.isInteger(value) ? "a number" : "a decimal number";
    case "function":
      return value.name === "" ? "a function" : `a function or class named ${value.name}`;
    case "object": {
      const constructor = (value as object).constructor;
      return constructor === undefined || constructor === Object
        ? "an object"
        : `an instance of ${constructor.name}`;
    }
    default:
      return `a ${typeof value}`;
  }
}
