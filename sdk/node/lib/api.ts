/**
 * Everything that the package exports. namespace.ts makes the same names properties of `Realm`, and
 * index.mjs exports those that are there at run time.
 */

import type { AppConfiguration } from "./app";
import type { ClientResetConfiguration } from "./client-reset";
import type { Collection } from "./collection";
import type { Configuration } from "./configuration";
import type { Dictionary } from "./dictionary";
import type { List } from "./list";
import type { LoggerCallback } from "./logging";
import type { RealmObject } from "./realm-object";
import type { Results } from "./results";
import type {
  CanonicalPropertySchema,
  ObjectClass as RealmObjectConstructor,
  ObjectSchema,
  PropertySchema,
} from "./schema";
import type { RealmSet } from "./set";
import type { SyncConfiguration } from "./sync-configuration";
import type { ProgressNotificationCallback } from "./sync-session";
import type { User } from "./user";

export { Realm } from "./realm";
export { RealmObject as Object, ObjectChangeCallback, ObjectChangeSet } from "./realm-object";
export { Unmanaged } from "./unmanaged";
export { Collection } from "./collection";
export {
  CollectionChangeCallback,
  CollectionChangeSet,
  OrderedCollection,
} from "./ordered-collection";
export { Results } from "./results";
export { SortDescriptor } from "./sort-descriptors";
export { List } from "./list";
export { RealmSet as Set } from "./set";
export { Dictionary, DictionaryChangeCallback, DictionaryChangeSet } from "./dictionary";
export { Counter } from "./counter";
export { UpdateMode } from "./object-creation";
export { RealmEvent, RealmEventName, RealmListenerCallback } from "./realm-events";
export { KeyPaths } from "./key-paths";
export { flags } from "./flags";
export { IndexDecorator, MapToDecorator, index, mapTo } from "./decorators";
export {
  CanonicalGeoPoint,
  CanonicalGeoPolygon,
  GeoBox,
  GeoCircle,
  GeoPoint,
  GeoPolygon,
  GeoPosition,
  kmToRadians,
  miToRadians,
} from "./query-arguments";
export { Configuration, MigrationCallback } from "./configuration";
export {
  CanonicalObjectSchema,
  CanonicalPropertySchema,
  ObjectClass as RealmObjectConstructor,
  ObjectSchema,
  PropertySchema,
} from "./schema";
export {
  AssertionError,
  ObjectSchemaParseError,
  PropertySchemaParseError,
  SchemaParseError,
  TypeAssertionError,
} from "./errors";

export { App, AppConfiguration, ConnectionParameters, MetadataMode } from "./app";
export { Credentials } from "./credentials";
export { DefaultUserProfileData, ProviderType, User, UserIdentity, UserState } from "./user";
export {
  ErrorCallback,
  OpenRealmBehaviorConfiguration,
  OpenRealmBehaviorType,
  OpenRealmTimeOutBehavior,
  PartitionValue,
  SessionStopPolicy,
  SyncConfiguration,
} from "./sync-configuration";
export {
  ClientResetAfterCallback,
  ClientResetBeforeCallback,
  ClientResetConfiguration as ClientResetConfig,
  ClientResetFallbackCallback,
  ClientResetMode,
} from "./client-reset";
export {
  ClientResetError,
  CompensatingWriteError,
  CompensatingWriteInfo,
  SyncError,
} from "./sync-error";
export {
  ConnectionNotificationCallback,
  ConnectionState,
  PendingUploads,
  ProgressDirection,
  ProgressMode,
  ProgressNotificationCallback,
  Receipt,
  SessionState,
  SyncSession,
  SyncSessionStats,
  WaitOptions,
} from "./sync-session";
export { ProgressRealmPromise } from "./progress-realm-promise";
export {
  LogCategory,
  LogEntry,
  LogLevel,
  LoggerCallback,
  LoggerCallback1,
  LoggerCallback2,
  NumericLogLevel,
  setLogLevel,
  setLogger,
} from "./logging";
export * as BSON from "./bson";
export * as Types from "./types";

// Names for what has no other.

export type AnyCollection = Collection<any>;
export type AnyDictionary = Dictionary<any>;
export type AnyList = List<any>;
export type AnyRealmObject = RealmObject<any>;
export type AnyResults = Results<any>;
export type AnySet = RealmSet<any>;
export type AnyUser = User;
export type AppChangeCallback = () => void;
export type UserChangeCallback = () => void;
export type LocalAppConfiguration = AppConfiguration;
export type Mixed = unknown;
export type PrimaryKey = number | string | import("bson").ObjectId | import("bson").UUID;
export type ObjectType = string | RealmObjectConstructor;
export type BaseConfiguration = Omit<Configuration, "sync">;
export type ConfigurationWithoutSync = BaseConfiguration & { sync?: never };
export type ConfigurationWithSync = Configuration & { sync: SyncConfiguration };
export type BaseSyncConfiguration = Omit<SyncConfiguration, "partitionValue">;
export type PartitionSyncConfiguration = SyncConfiguration;
export type EstimateProgressNotificationCallback = (estimate: number) => void;
export type PartitionBasedSyncProgressNotificationCallback = Exclude<
  ProgressNotificationCallback,
  EstimateProgressNotificationCallback
>;

export type BaseObjectSchema = Omit<ObjectSchema, "properties">;
export type PropertiesTypes = ObjectSchema["properties"];
export type CanonicalPropertiesTypes = Record<string, CanonicalPropertySchema>;
export type PropertySchemaShorthand = string;
export type PropertySchemaCommon = Omit<PropertySchema, "type" | "objectType" | "property">;
export type PropertySchemaStrict = PropertySchema;
export type IndexedType = boolean | "full-text";
export type PrimitivePropertyTypeName =
  | "bool"
  | "int"
  | "float"
  | "double"
  | "decimal128"
  | "objectId"
  | "string"
  | "data"
  | "date"
  | "mixed"
  | "uuid";
export type PresentationPropertyTypeName = "counter";
export type ShorthandPrimitivePropertyTypeName =
  PrimitivePropertyTypeName | PresentationPropertyTypeName;
export type CollectionPropertyTypeName = "list" | "dictionary" | "set";
export type RelationshipPropertyTypeName = "object" | "linkingObjects";
export type PropertyTypeName =
  PrimitivePropertyTypeName | CollectionPropertyTypeName | RelationshipPropertyTypeName;
export type UserTypeName = string;

export type ClientResetManualConfiguration = ClientResetConfiguration & { mode: "manual" };
export type ClientResetDiscardUnsyncedChangesConfiguration = ClientResetConfiguration & {
  mode: "discardUnsyncedChanges";
};
export type ClientResetRecoverUnsyncedChangesConfiguration = ClientResetConfiguration & {
  mode: "recoverUnsyncedChanges";
};
export type ClientResetRecoverOrDiscardUnsyncedChangesConfiguration = ClientResetConfiguration & {
  mode: "recoverOrDiscardUnsyncedChanges";
};
export type Metadata = NonNullable<AppConfiguration["metadata"]>;
export type Logger = LoggerCallback;

// Names that there were once.

export type ObjectClass = RealmObjectConstructor;
export type ObjectSchemaProperty = PropertySchema;
export type CanonicalObjectSchemaProperty = CanonicalPropertySchema;
export type PropertyType = PropertyTypeName;
export type ClientResetRecoveryConfiguration = ClientResetRecoverUnsyncedChangesConfiguration;
