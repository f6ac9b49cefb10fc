import * as bson from "bson";

import { App } from "./app";
import { ClientResetMode } from "./client-reset";
import { Collection } from "./collection";
import { Counter } from "./counter";
import { Credentials } from "./credentials";
import {
  AssertionError,
  PropertySchemaParseError,
  SchemaParseError,
  TypeAssertionError,
} from "./errors";
import { Dictionary } from "./dictionary";
import { List } from "./list";
import { NumericLogLevel, setLogLevel, setLogger } from "./logging";
import { OrderedCollection } from "./ordered-collection";
import { ProgressRealmPromise } from "./progress-realm-promise";
import { UpdateMode } from "./object-creation";
import { Realm } from "./realm";
import { RealmObject } from "./realm-object";
import { Results } from "./results";
import { RealmSet } from "./set";
import { OpenRealmBehaviorType, OpenRealmTimeOutBehavior } from "./sync-configuration";
import { ClientResetError, CompensatingWriteError, SyncError } from "./sync-error";
import {
  ConnectionState,
  ProgressDirection,
  ProgressMode,
  SessionState,
  SyncSession,
} from "./sync-session";
import { ProviderType, User, UserState } from "./user";

/** Everything that the package exports, as named exports and as properties of `Realm`. */
const EXPORTS = {
  Realm,
  Object: RealmObject,
  Collection,
  OrderedCollection,
  Results,
  List,
  Set: RealmSet,
  Dictionary,
  /** Names for types of properties. */
  Types: {
    Decimal128: bson.Decimal128,
    ObjectId: bson.ObjectId,
    UUID: bson.UUID,
    Date,
    Data: ArrayBuffer,
    List,
    Set: RealmSet,
    Dictionary,
    Counter,
    LinkingObjects: Results,
  },
  UpdateMode,
  App,
  User,
  UserState,
  ProviderType,
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
  setLogLevel,
  setLogger,
  BSON: {
    ObjectId: bson.ObjectId,
    ObjectID: bson.ObjectId,
    Decimal128: bson.Decimal128,
    UUID: bson.UUID,
    Binary: bson.Binary,
    EJSON: bson.EJSON,
  },
  AssertionError,
  TypeAssertionError,
  SchemaParseError,
  PropertySchemaParseError,
};

export = Object.assign(Realm, EXPORTS);
