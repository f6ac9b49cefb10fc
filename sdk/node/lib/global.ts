import { flags } from "./flags";

/** Makes the class a global, as it was once; it says once that it should be imported. */
export function defineGlobal(realm: object): void {
  let hasWarned = false;
  Object.defineProperty(globalThis, "Realm", {
    configurable: true,
    get() {
      if (flags.THROW_ON_GLOBAL_REALM) {
        throw new Error("The global 'Realm' is deprecated: import the class instead.");
      }
      if (!hasWarned) {
        hasWarned = true;
        console.warn("The global 'Realm' is deprecated: import the class instead.");
      }
      return realm;
    },
  });
}
