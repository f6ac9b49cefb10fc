import { AssertionError, TypeAssertionError } from "./errors";

/** Throws `AssertionError` with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export function assertFunction(
  value: unknown,
  target?: string,
): asserts value is (...args: never[]) => unknown {
  if (typeof value !== "function") throw new TypeAssertionError("a function", value, target);
}

export function assertString(value: unknown, target?: string): asserts value is string {
  if (typeof value !== "string") throw new TypeAssertionError("a string", value, target);
}

export function assertObject(
  value: unknown,
  target?: string,
): asserts value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    throw new TypeAssertionError("an object", value, target);
  }
}

export function assertNumber(value: unknown, target?: string): asserts value is number {
  if (typeof value !== "number") throw new TypeAssertionError("a number", value, target);
}

export function assertOptionalBoolean(
  value: unknown,
  target?: string,
): asserts value is boolean | undefined {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeAssertionError("a boolean", value, target);
  }
}
