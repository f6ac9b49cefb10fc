import { IllegalConstructorError } from "./errors";

/** Only modules of this library hold it: collections are made by reading, not by applications. */
export const CONSTRUCT = Symbol("Realm.Collection#construct");

/** What all collections share. */
export abstract class Collection<T> implements Iterable<T> {
  constructor(key: symbol) {
    if (key !== CONSTRUCT) throw new IllegalConstructorError(new.target.name);
  }

  abstract isValid(): boolean;
  abstract [Symbol.iterator](): IterableIterator<T>;
}
