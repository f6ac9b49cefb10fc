import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { assert, assertFunction, assertObject, assertString } from "./assert";
import { ClassModel, toNative } from "./class-model";
import { ClassModels, invalidSchema } from "./class-models";
import {
  Configuration,
  MigrationCallback,
  checkAsymmetric,
  localConfiguration,
  resolvePath,
  toKeyBytes,
  validateConfiguration,
} from "./configuration";
import { ClientResets } from "./client-reset";
import { AssertionError, TimeoutError, TypeAssertionError } from "./errors";
import { flags } from "./flags";
import { callListener, tellingListeners } from "./listeners";
import { isPlainObject } from "./mixed";
import {
  NativeQueryNames,
  NativeRealm,
  NativeRealmOptions,
  NativeSyncOptions,
  NativeUpdateMode,
  native,
} from "./native";
import { ObjectCreation, UpdateMode, toNativeMode } from "./object-creation";
import { RealmObject, isManaged, modelOf, rowOf, wrapObject } from "./realm-object";
import { ProgressRealmPromise, ReportProgress } from "./progress-realm-promise";
import { RealmEventName, RealmEvents, RealmListenerCallback } from "./realm-events";
import { Results } from "./results";
import {
  CanonicalObjectSchema,
  ObjectClass,
  ObjectSchema,
  parseSchema,
  templateOf,
  toNativeSchema,
} from "./schema";
import {
  DEFAULT_OPEN_BEHAVIOR,
  OpenRealmBehaviorType,
  OpenRealmTimeOutBehavior,
  SyncConfiguration,
  toNativeSync,
  toPartitionText,
} from "./sync-configuration";
import { ClientResetError } from "./sync-error";
import { StoredCollection } from "./stored-collection";
import { SyncSession } from "./sync-session";
import type { Unmanaged } from "./unmanaged";

const PARTITION_ENABLED = "partition based sync is currently enabled";
const DEFAULT_NAME = "default.realm";
/** How the names of the files end that stand beside one of a realm. */
const SIDE_FILES = ["-lock", "-guard", "-compact", "-reset"];

/** A class that extends `Realm.Object`. */
type ModelOf<T> = (new (...args: never[]) => T) & { schema?: unknown };
/** An object of a class of which nothing is known: each property may be anything. */
type DefaultObject = Record<string, any>;

/** What a realm shows. */
interface RealmView {
  /** Whether it is in a transaction. */
  isWriting: boolean;
  /**
   * Grows whenever its objects may have become others: at the beginning and end of a transaction and
   * with each commit that it moves to.
   */
  version: number;
}

/** An open database. */
export class Realm {
  static defaultPath = join(process.cwd(), DEFAULT_NAME);
  /** The open ones that anybody holds. */
  static readonly #open = new Set<WeakRef<Realm>>();

  readonly #path: string;
  readonly #native: NativeRealm;
  readonly #classes: ClassModels;
  readonly #creation: ObjectCreation;
  readonly #events: RealmEvents;
  /** Kept up to date here, because walks ask before every object. @internal */
  readonly _view: RealmView;
  readonly #stopCounting: () => void;
  /** Whether the open transaction removes some. */
  #removesClasses = false;
  readonly syncSession: SyncSession | null;
  readonly #self = new WeakRef(this);
  #schema: CanonicalObjectSchema[] = [];
  #closedVersion = 0;

  /** @param opened internal: an open realm to be wrapped; `config` has its path and schema. */
  constructor(config: Configuration | string = {}, opened?: NativeRealm) {
    const configuration = typeof config === "string" ? { path: config } : config;
    validateConfiguration(configuration);
    this.#path = resolvePath(configuration, Realm.defaultPath);
    const declared = configuration.schema && parseSchema(configuration.schema, isModel);
    checkAsymmetric(declared ?? [], configuration);
    const options: NativeRealmOptions = {
      path: this.#path,
      readOnly: configuration.readOnly ?? false,
      inMemory: configuration.inMemory ?? false,
      schemaVersion: configuration.schemaVersion ?? 0,
      eraseIfMigrationNeeded: configuration.deleteRealmIfMigrationNeeded ?? false,
    };
    const { encryptionKey, onFirstOpen, onMigration, shouldCompact } = configuration;
    if (encryptionKey !== undefined) options.encryptionKey = toKeyBytes(encryptionKey);
    if (shouldCompact !== undefined) options.shouldCompact = shouldCompact;
    if (onMigration !== undefined) {
      options.migration = migrationOf(configuration, onMigration, this.#path);
    }
    if (onFirstOpen !== undefined) {
      options.firstOpen = Realm.#firstOpenOf(configuration, onFirstOpen, this.#path);
    }
    if (declared !== undefined) options.schema = toNativeSchema(declared);
    const { sync } = configuration;
    if (sync !== undefined) options.sync = syncOptions(configuration, sync, this.#path, this.#self);
    this.#native = opened ?? openNative(options);
    this._view = { isWriting: this.isInTransaction, version: 0 };
    this.#stopCounting = countCommits(this.#native, this._view);
    this.#events = new RealmEvents(this, this.#native, () => this.#readClasses());
    this.#creation = new ObjectCreation(this.#native);
    const session = this.#native.syncSession();
    this.syncSession = session && sync ? new SyncSession(session, sync.user) : null;
    try {
      this.#classes = new ClassModels(this, this.#native, this.#creation, declared);
      this.#classes.checkComputed();
    } catch (error) {
      this.#native.close();
      throw error;
    }
    this.#schema = this.#classes.schema;
    Realm.#open.add(this.#self);
  }

  /**
   * The native code holds the function: it may not refer to the realm that is being opened. What it is
   * called with is another handle to it, which the application does not have to close.
   */
  static #firstOpenOf(
    configuration: Configuration,
    onFirstOpen: (realm: Realm) => void,
    path: string,
  ): (now: NativeRealm) => void {
    return (now) => {
      const realm = new Realm(localConfiguration(configuration, path), now);
      Realm.#open.delete(realm.#self);
      onFirstOpen(realm);
    };
  }

  /** Closes every realm and cancels what `Realm.open` waits for: the process may end by itself. */
  static shutdown(): void {
    for (const openings of Realm.#openings.values()) {
      for (const opening of openings) opening.abort(new Error("Async open canceled"));
    }
    for (const realm of Realm.#open) realm.deref()?.close();
    Realm.#open.clear();
  }

  /** The openings that wait for their file's data, by path. */
  static readonly #openings = new Map<string, Set<AbortController>>();

  /**
   * Opens a realm; a synced one when all is downloaded that the server has, unless the configuration
   * says to open it at once. Never throws: every error rejects.
   */
  static open(config: Configuration | string = {}): ProgressRealmPromise {
    const controller = new AbortController();
    return new ProgressRealmPromise(
      (report) => Realm.#openWhenReady(config, controller, report),
      () => controller.abort(new Error("Async open canceled")),
    );
  }

  static async #openWhenReady(
    config: Configuration | string,
    controller: AbortController,
    report: ReportProgress,
  ): Promise<Realm> {
    const { sync } = typeof config === "string" ? { sync: undefined } : config;
    const isNew = !Realm.exists(config);
    const realm = new Realm(config);
    if (sync === undefined) return realm;
    const behavior =
      (isNew ? sync.newRealmFileBehavior : sync.existingRealmFileBehavior) ?? DEFAULT_OPEN_BEHAVIOR;
    if (behavior.type === OpenRealmBehaviorType.OpenImmediately) return realm;
    try {
      await realm.#download(behavior.timeOut, controller, report);
      return realm;
    } catch (error) {
      if (error instanceof TimeoutError) {
        switch (behavior.timeOutBehavior) {
          case OpenRealmTimeOutBehavior.OpenLocalRealm:
            return realm;
          case OpenRealmTimeOutBehavior.ThrowException:
            realm.close();
            throw new TimeoutError(
              `Realm '${realm.#path}' could not be downloaded in the allocated time: ` +
                `${behavior.timeOut ?? 0} ms.`,
            );
        }
        realm.close();
        throw new Error(`Invalid 'timeOutBehavior': ${String(behavior.timeOutBehavior)}`);
      }
      realm.close();
      throw error;
    }
  }

  /** Brings all here that the server has. A cancellation ends every such wait for the same file. */
  async #download(
    timeOut: number | undefined,
    controller: AbortController,
    report: ReportProgress,
  ): Promise<void> {
    const openings = Realm.#openings.get(this.#path) ?? new Set();
    Realm.#openings.set(this.#path, openings.add(controller));
    const { signal } = controller;
    const cancelOthers = () => openings.forEach((other) => other.abort(signal.reason));
    signal.addEventListener("abort", cancelOthers);
    const stop = this.#native.syncSession()?.observeProgress(false, true, report);
    try {
      const timeout = timeOut ?? Infinity;
      await this.syncSession?.downloadAllServerChanges({ timeout, signal });
      this.#native.refresh();
    } finally {
      stop?.();
      signal.removeEventListener("abort", cancelOthers);
      openings.delete(controller);
      if (openings.size === 0) Realm.#openings.delete(this.#path);
    }
  }

  /** The version of the schema in the file; -1 without a file. */
  static schemaVersion(path: string, encryptionKey?: ArrayBuffer | ArrayBufferView): number {
    if (!Realm.exists({ path })) return -1;
    const realm = new Realm(encryptionKey === undefined ? { path } : { path, encryptionKey });
    try {
      return realm.schemaVersion;
    } finally {
      realm.close();
    }
  }
  static exists(config: Configuration | string = {}): boolean {
    const configuration = typeof config === "string" ? { path: config } : config;
    validateConfiguration(configuration);
    return existsSync(resolvePath(configuration, Realm.defaultPath));
  }
  /** Removes the file and the files beside it; missing ones are ignored. */
  static deleteFile(config: Configuration): void {
    validateConfiguration(config);
    const path = resolvePath(config, Realm.defaultPath);
    for (const suffix of ["", ...SIDE_FILES]) rmSync(path + suffix, { force: true });
  }

  /** For React Native alone. @throws {Error} always. */
  static copyBundledRealmFiles(): never {
    throw new Error("Realms are not bundled with applications of Node.js");
  }
  /** What a new object of the class begins with, by property; functions are not called. */
  static createTemplateObject(objectSchema: ObjectSchema | ObjectClass): Record<string, unknown> {
    return templateOf(parseSchema([objectSchema], isModel)[0] as CanonicalObjectSchema);
  }
  /**
   * For tests: closes everything and removes the realm files of the current directory.
   *
   * @throws {AssertionError} unless `flags.ALLOW_CLEAR_TEST_STATE` is set.
   */
  static clearTestState(): void {
    assert(flags.ALLOW_CLEAR_TEST_STATE, "Set 'flags.ALLOW_CLEAR_TEST_STATE' = true first.");
    Realm.shutdown();
    const own = new RegExp(`\\.realm(${SIDE_FILES.join("|")})?$`);
    for (const name of readdirSync(process.cwd())) if (own.test(name)) rmSync(name);
  }

  get path(): string {
    return this.isClosed ? "" : this.#path;
  }
  get schema(): CanonicalObjectSchema[] {
    return this.#schema;
  }
  get schemaVersion(): number {
    return this.isClosed ? this.#closedVersion : this.#native.schemaVersion();
  }
  get isClosed(): boolean {
    return this.#native.isClosed();
  }
  get isInTransaction(): boolean {
    return this.#native.isInTransaction();
  }
  get isReadOnly(): boolean {
    return this.#native.isReadOnly();
  }
  get isInMemory(): boolean {
    return this.#native.isInMemory();
  }
  /** Whether this is the new realm of a migration. */
  get isInMigration(): boolean {
    return this.#native.isInMigration();
  }
  get isEmpty(): boolean {
    return [...this.#classes.all.values()].every((model) => Results.of(model).length === 0);
  }

  /**
   * Which objects are synced is the partition's matter: there are no subscriptions yet.
   *
   * @throws {AssertionError} always.
   */
  get subscriptions(): never {
    const why = this.syncSession === null ? "sync is currently disabled" : PARTITION_ENABLED;
    throw new AssertionError(`Subscriptions need flexible sync, but ${why}.`);
  }

  /** Runs `callback` in a write transaction; when it throws, nothing was written. */
  write<T>(callback: () => T): T {
    assertFunction(callback, "callback");
    this.beginTransaction();
    try {
      const result = callback();
      this.commitTransaction();
      return result;
    } catch (error) {
      if (!this.isClosed && this.isInTransaction) this.cancelTransaction();
      throw error;
    }
  }
  beginTransaction(): void {
    this.#transact(() => {
      if (!this.isInTransaction) this.#events.beforeTransaction();
      this.#native.beginTransaction();
    });
  }
  commitTransaction(): void {
    this.#transact(() => {
      this.#native.commitTransaction();
      this.#removesClasses = false;
    });
  }
  cancelTransaction(): void {
    this.#transact(() => {
      this.#native.cancelTransaction();
      if (!this.#removesClasses) return;
      this.#removesClasses = false;
      this.#readClasses();
    });
  }
  #transact(operation: () => void): void {
    try {
      tellingListeners(operation);
    } finally {
      const { isInTransaction } = this;
      if (this._view.isWriting !== isInTransaction) ++this._view.version;
      this._view.isWriting = isInTransaction;
    }
  }

  /** The new object, or in another mode that with the same primary key, of a class by name or model. */
  create<T extends RealmObject>(
    type: ModelOf<T>,
    values: Unmanaged<T>,
    mode?: UpdateMode | boolean,
  ): T;
  create<T = DefaultObject>(
    type: string,
    values: Record<string, unknown>,
    mode?: UpdateMode | boolean,
  ): T & RealmObject;
  create(
    type: string | ObjectClass,
    values: Record<string, unknown>,
    mode: UpdateMode | boolean = UpdateMode.Never,
  ): unknown {
    const nativeMode = toNativeMode(mode);
    const known = typeof type === "string" ? this.#classes.find(type) : undefined;
    if (known?.scalars && nativeMode === NativeUpdateMode.Never && isPlainObject(values)) {
      return wrapObject(known, this.#creation.createScalars(known, known.scalars, values));
    }
    this._requireTransaction();
    const model = this._modelOf(type);
    if (model.schema.embedded) {
      throw new Error(
        `Cannot create an object of '${model.schema.name}' by itself: it is embedded and is made ` +
          "where it stands",
      );
    }
    if (isManaged(values) && modelOf(values) === model) return values;
    if (values === null || values === undefined) {
      throw new TypeError(`Cannot create a '${model.schema.name}' from ${String(values)}`);
    }
    return wrapObject(model, this.#creation.createRow(model, values, nativeMode));
  }

  delete(subject: RealmObject | Iterable<unknown>): void {
    assert(this.isInTransaction, "Can only delete objects within a transaction.");
    assertObject(subject, "subject");
    if (subject instanceof RealmObject) return this.#deleteObject(subject);
    if (!(Symbol.iterator in subject)) {
      throw new Error("Can only delete objects, lists and results.");
    }
    // A list or set of values has no objects: nothing happens.
    if (subject instanceof StoredCollection && subject.type !== "object") return;
    for (const object of [...(subject as Iterable<RealmObject>)]) {
      if (!(object instanceof RealmObject)) {
        throw new TypeAssertionError("an instance of Realm.Object", object, "subject");
      }
      this.#deleteObject(object);
    }
  }
  deleteAll(): void {
    assert(this.isInTransaction, "Can only delete objects within a transaction.");
    this.#native.eraseAll();
  }
  /**
   * Removes a class and its objects. The schema version rises by one. In a migration it does not,
   * and a class of the new schema has no objects afterwards.
   */
  deleteModel(name: string): void {
    assert(this.isInTransaction, "Can only delete objects within a transaction.");
    assertString(name, "name");
    this.#native.eraseClass(name);
    this.#removesClasses = true;
    this.#readClasses();
  }

  objectForPrimaryKey<T extends RealmObject>(type: ModelOf<T>, key: unknown): T | null;
  objectForPrimaryKey<T = DefaultObject>(type: string, key: unknown): (T & RealmObject) | null;
  objectForPrimaryKey(type: string | ObjectClass, key: unknown): unknown {
    const known = typeof type === "string" ? this.#classes.find(type) : undefined;
    const model = known ?? this._modelOf(type);
    try {
      const { primaryKey } = model;
      if (primaryKey === undefined) {
        throw new Error(`Expected a primary key on '${model.schema.name}'`);
      }
      const native = toNative(primaryKey, key, "value");
      const row = this.#native.find(model.native.id, primaryKey.native.id, native);
      return row === undefined ? null : wrapObject(model, row);
    } catch (error) {
      this._modelOf(type); // That the realm has been closed goes before what else is wrong.
      throw error;
    }
  }
  /** The object whose `_objectKey()` that is; undefined: there is none. */
  _objectForObjectKey(type: string | ObjectClass, key: string): RealmObject | undefined {
    const model = this._modelOf(type);
    if (typeof key !== "string" || !/^\d+$/.test(key)) {
      throw new TypeAssertionError("a numeric string", key, "key");
    }
    const row = Number(key);
    const isThere = model.nativeRealm.isValid(model.native.id, row);
    return isThere ? wrapObject(model, row) : undefined;
  }
  objects<T extends RealmObject>(type: ModelOf<T>): Results<T>;
  objects<T = DefaultObject>(type: string): Results<T & RealmObject>;
  objects(type: string | ObjectClass): Results {
    const model = this._modelOf(type);
    if (model.schema.embedded) throw new Error("You cannot query an embedded object.");
    return Results.of(model);
  }

  /**
   * Calls `callback` after each commit that this realm moves to, or when its schema has changed. What it
   * throws the operation throws that called it, after it is done.
   */
  addListener(event: RealmEventName, callback: RealmListenerCallback): void {
    this.#events.add(event, callback);
  }
  removeListener(event: RealmEventName, callback: RealmListenerCallback): void {
    this.#events.remove(event, callback);
  }
  removeAllListeners(event?: RealmEventName): void {
    this.#events.removeAll(event);
  }

  /**
   * Makes the file as small as what it holds; nothing else changes, for no realm of this thread. False
   * while another thread or process has the file open, or the session of a synced realm:
   * `shouldCompact` can have it done at the next opening.
   *
   * @throws {Error} while a realm of the file is in a transaction.
   */
  compact(): boolean {
    assert(!this.isInTransaction, "Can only compact outside of a transaction.");
    return this.#native.compact();
  }
  /**
   * Writes what the newest commit holds to a new file: a local realm, with which one stops syncing
   * for good, or with `sync` one that syncs as another device. A copy of a local realm uploads all of
   * it; one of a synced realm stays in that realm's partition. It is encrypted when `config` has a key.
   */
  writeCopyTo(config: Configuration): void {
    assert(!this.isInTransaction, "Can only write a copy outside of a transaction.");
    validateConfiguration(config);
    const { encryptionKey, sync } = config;
    this.#native.writeCopyTo(
      resolvePath(config, Realm.defaultPath),
      sync && { user: sync.user._native, partition: toPartitionText(sync.partitionValue) },
      encryptionKey && toKeyBytes(encryptionKey),
    );
  }

  /** Ends every use of this instance: its objects and collections become invalid. */
  close(): void {
    if (this.isClosed) return;
    this.#events.removeAll();
    this.#stopCounting();
    this.#closedVersion = this.#native.schemaVersion();
    this.#native.close();
    Realm.#open.delete(this.#self);
  }

  #readClasses(): void {
    this.#classes.read();
    this.#schema = this.#classes.schema;
  }

  /** @internal */
  _requireTransaction(): void {
    if (!this.isInTransaction) {
      if (this.isClosed) throw new Error("Cannot access realm that has been closed.");
      throw new AssertionError("Cannot modify managed objects outside of a write transaction.");
    }
  }

  /** The class of a link in a mixed value. @internal */
  _modelOfId(classId: number): ClassModel {
    return this.#classes.withId(classId);
  }
  /** The classes by their stored names. @internal */
  get _classModels(): ReadonlyMap<string, ClassModel> {
    return this.#classes.all;
  }
  /** What queries may name beside what is stored. @internal */
  get _queryNames(): NativeQueryNames {
    return this.#classes.queryNames;
  }

  /** Gives a new embedded object its values. @internal */
  _fill(model: ClassModel, row: number, values: Record<string, unknown>): void {
    this.#creation.fill(model, row, values);
  }
  /** @internal */
  _modelOf(type: string | ObjectClass): ClassModel {
    if (typeof type !== "string" && typeof type !== "function") {
      throw new Error("Expected an object schema name, object instance or class");
    }
    if (this.isClosed) throw new Error("Cannot access realm that has been closed.");
    const name =
      typeof type === "string"
        ? type
        : ((type.schema as ObjectSchema | undefined)?.name ?? type.name);
    const model = this.#classes.find(name);
    if (model === undefined || (typeof type === "function" && model.schema.ctor !== type)) {
      throw new Error(`Object type '${name}' not found in schema.`);
    }
    return model;
  }

  #deleteObject(object: RealmObject): void {
    assert(isManaged(object) && object.isValid(), "Object is invalid");
    const model = modelOf(object);
    assert(model.realm === this, "Can't delete an object from another Realm");
    this.#native.erase(model.native.id, rowOf(object));
  }
}

/** The native code holds the function: nothing around it may refer to the realm. */
function countCommits(native: NativeRealm, view: RealmView): () => void {
  return native.observe(() => ++view.version);
}

/** The native code holds it: it may not refer to the realm that is being opened. */
function migrationOf(
  configuration: Configuration,
  onMigration: MigrationCallback,
  path: string,
): (before: NativeRealm, now: NativeRealm) => void {
  return (before, now) =>
    onMigration(
      new Realm({ path }, before),
      new Realm(localConfiguration(configuration, path), now),
    );
}

function isModel(candidate: unknown): boolean {
  return typeof candidate === "function" && candidate.prototype instanceof RealmObject;
}

/** The native code holds what is in here: a realm that nobody else holds may be collected. */
function syncOptions(
  configuration: Configuration,
  sync: SyncConfiguration,
  path: string,
  self: WeakRef<Realm>,
): NativeSyncOptions {
  const resets = new ClientResets(
    sync.clientReset,
    self,
    (frozen) => new Realm(localConfiguration(configuration, path), frozen),
  );
  return toNativeSync(sync, path, resets.toNative(), (error) => {
    const session = self.deref()?.syncSession;
    if (!session) return;
    if (error instanceof ClientResetError) resets.failed(session, error);
    if (sync.onError !== undefined) callListener(sync.onError, session, error);
  });
}

/** @throws {Error} with all that is wrong when the schema is. */
function openNative(options: NativeRealmOptions): NativeRealm {
  try {
    return new native.NativeRealm(options);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== "InvalidSchema") throw error;
    throw Object.assign(new Error(invalidSchema(message)), { code });
  }
}
