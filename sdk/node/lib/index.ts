import * as bson from "bson";

import { Collection } from "./collection";
import {
  AssertionError,
  PropertySchemaParseError,
  SchemaParseError,
  TypeAssertionError,
} from "./errors";
import { List } from "./list";
import { OrderedCollection } from "./ordered-collection";
import { Realm, UpdateMode } from "./realm";
import { RealmObject } from "./realm-object";
import { Results } from "./results";

/** Everything that the package exports, as named exports and as properties of `Realm`. */
const EXPORTS = {
  Realm,
  Object: RealmObject,
  Collection,
  OrderedCollection,
  Results,
  List,
  UpdateMode,
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
