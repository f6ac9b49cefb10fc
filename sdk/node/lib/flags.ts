/** Switches for what few applications want. */
export const flags = {
  /** `create` also takes values in the order of the properties, and a schema a list of properties. */
  ALLOW_VALUES_ARRAYS: false,
  /** `globalThis.Realm` throws. */
  THROW_ON_GLOBAL_REALM: false,
  /** `Realm.clearTestState` may be called. */
  ALLOW_CLEAR_TEST_STATE: false,
};
