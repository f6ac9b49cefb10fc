import { assert } from "./assert";
import type { BoundProperty, ClassModel } from "./class-model";
import { CONSTRUCT } from "./collection";
import { IllegalConstructorError, TypeAssertionError } from "./errors";

/** An int that counts: what several devices add to it is all in the sum. Live. */
export class Counter {
  readonly #model: ClassModel;
  readonly #row: number;
  readonly #property: BoundProperty;

  constructor(key: symbol, model: ClassModel, row: number, property: BoundProperty) {
    if (key !== CONSTRUCT) throw new IllegalConstructorError("Counter");
    this.#model = model;
    this.#row = row;
    this.#property = property;
  }

  /** 0 where the property has become null since. */
  get value(): number {
    this.#checkValid();
    const [classId, row, property] = this.#address;
    return Number(this.#model.nativeRealm.get(classId, row, property) ?? 0);
  }
  set value(_: number) {
    throw new Error("To update the value, use the methods on the Counter.");
  }

  increment(by = 1): void {
    this.#add(by);
  }
  decrement(by = 1): void {
    checkInteger(by);
    this.#add(-by);
  }
  /** Overwrites: what other devices add at the same time may be lost. */
  set(value: number): void {
    this.#model.realm._requireTransaction();
    this.#checkValid();
    const native = this.#property.converter.toNative(value, "value");
    this.#model.nativeRealm.set(...this.#address, native);
  }

  toJSON(): number {
    return this.value;
  }

  #add(by: number): void {
    checkInteger(by);
    this.#model.realm._requireTransaction();
    this.#checkValid();
    this.#model.nativeRealm.add(...this.#address, by);
  }
  get #address(): [classId: number, row: number, property: number] {
    return [this.#model.native.id, this.#row, this.#property.native.id];
  }
  #checkValid(): void {
    const [classId, row] = this.#address;
    assert(
      this.#model.nativeRealm.isValid(classId, row),
      `Accessing object of type ${this.#model.schema.name} which has been invalidated or deleted`,
    );
  }
}
Object.defineProperty(Counter, "name", { value: "Realm.Counter" });

function checkInteger(by: unknown): void {
  if (!Number.isSafeInteger(by)) throw new TypeAssertionError("an integer", by, "by");
}

/**
 * Whether a counter may be written as a whole: only from null and to null.
 *
 * @throws {Error} when it may not.
 */
export function checkReset(
  model: ClassModel,
  row: number,
  { schema, native }: BoundProperty,
  value: unknown,
): void {
  if (schema.presentation !== "counter" || value === null || value === undefined) return;
  if (model.nativeRealm.get(model.native.id, row, native.id) === null) return;
  throw new Error(
    "You can only reset a Counter instance when it is null, or to null. To change its value, use " +
      "its methods.",
  );
}
