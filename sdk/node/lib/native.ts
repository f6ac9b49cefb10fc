import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * What the addon offers. Classes, properties and objects are numbers here; nothing outside of lib/
 * ever sees them.
 */

/** The numbers of property types, indexes and collections, as the core has them. */
export const NativeType = {
  Mixed: 0,
  Int: 1,
  Bool: 2,
  String: 3,
  Data: 4,
  Date: 5,
  Float: 6,
  Double: 7,
  Decimal128: 8,
  Link: 9,
  ObjectId: 10,
  Uuid: 11,
  // Of values in mixed ones only.
  List: 12,
  Dictionary: 13,
} as const;
export const NativeIndex = { None: 0, General: 1, FullText: 2 } as const;
export const NativeCollection = { Single: 0, List: 1, Dictionary: 2, Set: 3 } as const;
export const NativeClassKind = { TopLevel: 0, Embedded: 1 } as const;
export const NativeUpdateMode = { Never: 0, Modified: 1, All: 2 } as const;

export interface NativePropertySchema {
  name: string;
  type: number;
  collection: number;
  nullable: boolean;
  /** Class that a link leads to; "" for other types. */
  target: string;
  index: number;
}
export interface NativeClassSchema {
  name: string;
  /** One of `NativeClassKind`; 2 for an asymmetric class. */
  kind: number;
  /** "" when there is none. */
  primaryKey: string;
  properties: NativePropertySchema[];
}
export interface NativeProperty extends NativePropertySchema {
  id: number;
}
export interface NativeClass extends NativeClassSchema {
  id: number;
  properties: NativeProperty[];
}

/** See src/value_conversion.h for the form of each type. */
export type NativeScalar = number | bigint | boolean | string | ArrayBuffer | Uint8Array;
/**
 * A value of a mixed property: its type and the value, which for a link is a row, followed by the
 * class, and for a list or dictionary its number; to write a new one there is no number.
 */
export type NativeMixed = readonly [type: number, value?: NativeScalar, classId?: number];
/** `true`, where an embedded object is to be written, stands for a new one. */
export type NativeValue = null | NativeScalar | NativeMixed;

/** An argument of a query: a value of one of the types, an object, a list or a region. */
export type NativeQueryArgument =
  | { type: number; value: NativeValue }
  | { classId: number; row: number }
  | { list: NativeQueryArgument[] }
  | { shape: number; rings: [number, number][][]; radius: number };
/** Names that queries may use beside the stored ones. */
export interface NativeQueryNames {
  /** Class, stored name, public name. */
  publicNames: [string, string, string][];
  /** Class, name, class that links, its property as it is stored. */
  linkingObjects: [string, string, string, string][];
}
export type NativeAggregate = "min" | "max" | "sum" | "avg";

export type NativeCollectionCallback = (
  deletions: number[],
  insertions: number[],
  oldModifications: number[],
  newModifications: number[],
) => void;

export interface NativeResults {
  size(): number;
  at(position: number): number | undefined;
  /** From a position on, so many; all without. */
  rows(from?: number, count?: number): Float64Array;
  /** The objects that there are now, whatever is written later; not to be queried. */
  snapshot(): NativeResults;
  filtered(
    query: string,
    queryArguments: NativeQueryArgument[],
    names: NativeQueryNames,
  ): NativeResults;
  sorted(path: string, isDescending: boolean): NativeResults;
  /** null where there is nothing. */
  aggregate(operation: NativeAggregate, property: number): NativeValue;
  description(): string;
  explain(): string;
  observe(callback: NativeCollectionCallback, keyPaths?: string[]): () => void;
}

export type NativeKeysCallback = (
  deletions: string[],
  insertions: string[],
  modifications: string[],
) => void;

export interface NativeSortedValues {
  size(): number;
  at(index: number): NativeValue;
  observe(callback: NativeCollectionCallback): () => void;
}

/** A list, set or dictionary; which methods it takes is its kind's. */
export interface NativeCollectionHandle {
  isValid(): boolean;
  /** The same for the same collection of a realm. */
  identity(): string;
  size(): number;
  clear(): void;
  /** Of lists and sets. */
  at(position: number): NativeValue;
  insert(position: number, value: NativeValue): void;
  set(position: number, value: NativeValue): void;
  move(from: number, to: number): void;
  erase(position: number): void;
  /** Of sets. */
  has(value: NativeValue): boolean;
  add(value: NativeValue): boolean;
  remove(value: NativeValue): boolean;
  /** Of dictionaries. */
  keys(): string[];
  find(key: string): NativeValue | undefined;
  put(key: string, value: NativeValue): void;
  removeKey(key: string): boolean;
  /** The objects in a list or set of objects. */
  objects(): NativeResults;
  /** The elements of a list or set of others. */
  sorted(isDescending: boolean): NativeSortedValues;
  observe(callback: NativeCollectionCallback, keyPaths?: string[]): () => void;
  observeKeys(callback: NativeKeysCallback, keyPaths?: string[]): () => void;
}

export interface NativeRealm {
  schema(): NativeClass[];
  beginTransaction(): void;
  commitTransaction(): void;
  cancelTransaction(): void;
  refresh(): boolean;
  close(): void;
  schemaVersion(): number;
  /** @param sync of the copy; undefined: a local realm. */
  writeCopyTo(
    path: string,
    sync?: { user: NativeUser; partition: string },
    encryptionKey?: Uint8Array,
  ): void;
  isInTransaction(): boolean;
  isClosed(): boolean;
  isInMigration(): boolean;
  isReadOnly(): boolean;
  isInMemory(): boolean;
  find(classId: number, keyProperty: number, key: NativeValue): number | undefined;
  /** @param values what is undefined is not written. */
  create(
    classId: number,
    properties: Uint32Array,
    values: (NativeValue | undefined)[],
    mode: number,
  ): number;
  erase(classId: number, row: number): void;
  eraseAll(): void;
  compact(): boolean;
  eraseClass(name: string): void;
  isValid(classId: number, row: number): boolean;
  get(classId: number, row: number, property: number): NativeValue;
  set(classId: number, row: number, property: number, value: NativeValue): void;
  add(classId: number, row: number, property: number, by: number): void;
  /** @param id of a list or dictionary in mixed values; 0: the one that the property is. */
  collection(classId: number, row: number, property: number, id: number): NativeCollectionHandle;
  /** The objects of a class that link to an object from a property. */
  linking(classId: number, row: number, originClass: number, originProperty: number): NativeResults;
  linkCount(classId: number, row: number): number;
  results(classId: number): NativeResults;
  /** null for a local realm. */
  syncSession(): NativeSyncSession | null;
  observe(callback: () => void): () => void;
  observeObject(
    classId: number,
    row: number,
    callback: (deleted: boolean, changedProperties: string[]) => void,
    keyPaths?: string[],
  ): () => void;
}

/** Called once: `(null, value)` or `(error)`. */
export type NativeCompletion<T> = (error: Error | null, value: T) => void;

/** What `start` completes, as a promise. */
export function promiseOf<T>(start: (done: NativeCompletion<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)));
  });
}

export interface NativeUser {
  id(): string;
  state(): "LoggedIn" | "LoggedOut" | "Removed";
  accessToken(): string;
  refreshToken(): string;
  deviceId(): string;
  identities(): { id: string; providerType: string }[];
  /** Extended JSON of an object, as is `customData`. */
  profile(): string;
  customData(): string;
  linkCredentials(email: string | null, password: string, done: NativeCompletion<undefined>): void;
  refreshCustomData(done: NativeCompletion<undefined>): void;
  realmPath(name: string): string;
  logOut(done: NativeCompletion<undefined>): void;
  syncSessions(): NativeSyncSession[];
  /** Answers with a function that ends the calls. */
  observe(callback: () => void): () => void;
}

export interface NativeApp {
  /** @param email null logs in anonymously. */
  logIn(email: string | null, password: string, done: NativeCompletion<NativeUser>): void;
  registerUser(email: string, password: string, done: NativeCompletion<undefined>): void;
  networkChanged(isReachable: boolean): void;
  multiplexSessions(): void;
  currentUser(): NativeUser | null;
  allUsers(): NativeUser[];
  switchUser(user: NativeUser): void;
  removeUser(user: NativeUser, done: NativeCompletion<undefined>): void;
  deleteUser(user: NativeUser, done: NativeCompletion<undefined>): void;
  observe(callback: () => void): () => void;
  initiateClientReset(path: string): void;
}

export interface NativeAppOptions {
  id: string;
  baseUrl: string;
  timeout: number;
  basePath: string;
  multiplexSessions: boolean;
  persistUsers: boolean;
  /** What is absent is as it is by default. */
  connection: Partial<Record<NativeConnectionParameter, number>>;
}
export type NativeConnectionParameter =
  | "initialDelay"
  | "maximumDelay"
  | "delayMultiplier"
  | "jitterDivisor"
  | "pingPeriod"
  | "pongTimeout"
  | "answerTimeout"
  | "lingerTime"
  | "fastReconnectLimit";

/** Durations are milliseconds; null where there is nothing to tell. */
export interface NativeSyncSessionStats {
  messagesSent: number;
  bytesSent: number;
  messagesReceived: number;
  bytesReceived: number;
  roundTrip: number | null;
  lastMessageAge: number | null;
  lastError: Error | null;
  nextRetry: number | null;
}
export interface NativePendingUploads {
  transactions: number;
  objects: number;
  bytes: number;
  oldestAge: number | null;
}

export interface NativeSyncSession {
  /** @param isUpload null stands for both directions. */
  pause(isUpload: boolean | null): void;
  resume(isUpload: boolean | null): void;
  isPaused(isUpload: boolean): boolean;
  reconnect(): void;
  isActive(): boolean;
  /** Of its file, as canonical Extended JSON. */
  partition(): string;
  connectionState(): "disconnected" | "connecting" | "connected";
  stats(): NativeSyncSessionStats;
  pendingUploads(): NativePendingUploads;
  // Each answers with a function that ends the wait.
  waitForUpload(timeoutMs: number | null, done: NativeCompletion<undefined>): () => void;
  waitForDownload(timeoutMs: number | null, done: NativeCompletion<undefined>): () => void;
  receipt(timeoutMs: number | null, done: NativeCompletion<bigint>): () => void;
  observeProgress(
    isUpload: boolean,
    isStreaming: boolean,
    callback: (transferred: number, transferable: number, estimate: number) => void,
  ): () => void;
  observeConnection(callback: (newState: string, oldState: string) => void): () => void;
}

export interface NativeSyncError {
  message: string;
  code: number;
  status: string;
  action: string;
  logUrl: string;
  isFatal: boolean;
  writes: { objectName: string; primaryKey: string; reason: string }[];
  /** Not "" for a client reset that is left to the application. */
  recoveryPath: string;
}

export interface NativeSyncOptions {
  user: NativeUser;
  /** The partition value as canonical Extended JSON. */
  partition: string;
  stopPolicy: "after-upload" | "immediately" | "never";
  cancelWaitsOnNonFatalError: boolean;
  clientReset: NativeClientReset;
  onError: (error: NativeSyncError) => void;
}

export interface NativeClientReset {
  mode: string;
  /** Both or none. */
  before?: (frozen: NativeRealm) => void;
  after?: (recovered: boolean) => void;
}

export interface NativeRealmOptions {
  sync?: NativeSyncOptions;
  path: string;
  readOnly: boolean;
  inMemory: boolean;
  shouldCompact?: CompactCallback;
  encryptionKey?: Uint8Array;
  schema?: NativeClassSchema[];
  schemaVersion: number;
  /** Both are closed once it has returned. */
  migration?: (before: NativeRealm, now: NativeRealm) => void;
  firstOpen?: (now: NativeRealm) => void;
  eraseIfMigrationNeeded: boolean;
}

export type CompactCallback = (totalBytes: number, usedBytes: number) => boolean;

interface Addon {
  /** @param level 0 off, 1 error, 2 warn, 3 info, 4 debug, 5 trace */
  setLogLevel(level: number, category: string): void;
  setLogger(callback: (category: string, level: number, line: string) => void): void;
  NativeApp: new (options: NativeAppOptions) => NativeApp;
  NativeRealm: new (options: NativeRealmOptions) => NativeRealm;
}

export const native = createRequire(__filename)(
  join(__dirname, "..", "prebuilt", "tombolo.node"),
) as Addon;
