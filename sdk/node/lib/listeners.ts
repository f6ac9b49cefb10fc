import { assertFunction } from "./assert";

/** Calls a listener; what it throws surfaces on a later macro-task, as an uncaught exception. */
export function callListener<Args extends unknown[]>(
  callback: (...args: Args) => void,
  ...args: Args
): void {
  try {
    callback(...args);
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}

/** What the realm listeners threw that the operation under way calls; undefined: none is under way. */
let thrown: unknown[] | undefined;

/** Runs what may call realm listeners, then throws the first error that one of them threw. */
export function tellingListeners(operation: () => void): void {
  if (thrown !== undefined) {
    operation();
    return;
  }
  const errors: unknown[] = [];
  thrown = errors;
  try {
    operation();
  } finally {
    thrown = undefined;
  }
  if (errors.length > 0) throw errors[0];
}

/** Calls a listener of a realm; see `tellingListeners` for what it throws. */
export function callRealmListener<Args extends unknown[]>(
  callback: (...args: Args) => void,
  ...args: Args
): void {
  if (thrown === undefined) {
    callListener(callback, ...args);
    return;
  }
  try {
    callback(...args);
  } catch (error) {
    thrown.push(error);
  }
}

/** The listeners of one object or collection, by function. */
export class Listeners<Callback extends (...args: never[]) => void> {
  private readonly stops = new Map<Callback, () => void>();

  /**
   * @param register starts the notification and returns what stops it. It is given a function that
   *   calls the callback, unless it has been removed by then.
   * @throws {Error} when `callback` is registered already.
   */
  add(
    callback: Callback,
    register: (call: (...args: Parameters<Callback>) => void) => () => void,
  ): void {
    assertFunction(callback, "callback");
    if (this.stops.has(callback)) {
      throw new Error(
        "This listener is registered already. Remove callback before adding it again.",
      );
    }
    const stop = register((...args) => {
      if (this.stops.get(callback) === stop) callListener(callback, ...args);
    });
    this.stops.set(callback, stop);
  }

  has(callback: Callback): boolean {
    return this.stops.has(callback);
  }

  remove(callback: Callback): void {
    assertFunction(callback, "callback");
    this.stops.get(callback)?.();
    this.stops.delete(callback);
  }

  removeAll(): void {
    for (const stop of this.stops.values()) stop();
    this.stops.clear();
  }
}
