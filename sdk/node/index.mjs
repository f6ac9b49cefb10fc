import Realm from "./dist/index.js";

export default Realm;
export const {
  Object,
  Collection,
  OrderedCollection,
  Results,
  List,
  UpdateMode,
  BSON,
  AssertionError,
  TypeAssertionError,
  SchemaParseError,
  PropertySchemaParseError,
} = Realm;
export { Realm };
