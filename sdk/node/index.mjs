import Realm from "./dist/index.js";

export default Realm;
export const {
  Object,
  Collection,
  OrderedCollection,
  Results,
  List,
  UpdateMode,
  App,
  User,
  UserState,
  Credentials,
  SyncSession,
  SessionState,
  ConnectionState,
  ProgressDirection,
  ProgressMode,
  OpenRealmBehaviorType,
  OpenRealmTimeOutBehavior,
  ProgressRealmPromise,
  ClientResetMode,
  SyncError,
  CompensatingWriteError,
  ClientResetError,
  NumericLogLevel,
  BSON,
  AssertionError,
  TypeAssertionError,
  SchemaParseError,
  PropertySchemaParseError,
} = Realm;
export { Realm };
