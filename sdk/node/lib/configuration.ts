import { isAbsolute, resolve } from "node:path";

import { assert, assertFunction, assertOptionalBoolean, assertString } from "./assert";
import { TypeAssertionError } from "./errors";
import type { CompactCallback } from "./native";
import type { Realm } from "./realm";
import { CanonicalObjectSchema, ObjectClass, ObjectSchema } from "./schema";
import {
  SyncConfiguration,
  partitionFileName,
  validateSyncConfiguration,
} from "./sync-configuration";

/** What a realm is opened with. */
export interface Configuration {
  path?: string;
  schema?: (ObjectSchema | ObjectClass)[];
  /** Of a local file: raised with each change of a class that it has already. */
  schemaVersion?: number;
  /** Called in the write transaction that brings a file of an older version to the schema. */
  onMigration?: MigrationCallback;
  /** Called when the file is new, in the write transaction that makes it. */
  onFirstOpen?: (realm: Realm) => void;
  /** A file that a migration would be needed for is emptied instead. */
  deleteRealmIfMigrationNeeded?: boolean;
  readOnly?: boolean;
  /** The path is a name within this process, and the data is gone when the last one closes. */
  inMemory?: boolean;
  /** Asked before a file is opened that no realm of this process has: whether to compact it. */
  shouldCompact?: CompactCallback;
  /** Encrypts the file, which opens with these 64 bytes alone from then on. */
  encryptionKey?: ArrayBuffer | ArrayBufferView;
  /** Of no effect: there are no named pipes beside the file. */
  fifoFilesFallbackPath?: string;
  /** Of no effect in Node.js. */
  excludeFromIcloudBackup?: boolean;
  sync?: SyncConfiguration;
}

/** Objects of a class are in the same order in both; both realms are gone when it has returned. */
export type MigrationCallback = (oldRealm: Realm, newRealm: Realm) => void;

export function validateConfiguration(config: Configuration): void {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new TypeAssertionError("an object", config, "realm configuration");
  }
  const { path, schema, schemaVersion, onMigration, readOnly, inMemory, sync } = config;
  const erases = config.deleteRealmIfMigrationNeeded;
  assertOptionalBoolean(inMemory, "'inMemory' on realm configuration");
  assert(
    inMemory === undefined || sync === undefined,
    "The realm configuration options 'inMemory' and 'sync' cannot both be defined.",
  );
  if (path !== undefined) {
    if (typeof path !== "string") {
      throw new TypeAssertionError("a string", path, "'path' on realm configuration");
    }
    assert(path !== "", "The path cannot be empty.");
  }
  if (config.fifoFilesFallbackPath !== undefined) {
    assertString(config.fifoFilesFallbackPath, "'fifoFilesFallbackPath' on realm configuration");
  }
  if (schema !== undefined && !Array.isArray(schema)) {
    throw new TypeAssertionError("an array", schema, "'schema' on realm configuration");
  }
  if (schemaVersion !== undefined) {
    if (typeof schemaVersion !== "number") {
      throw new TypeAssertionError(
        "a number",
        schemaVersion,
        "'schemaVersion' on realm configuration",
      );
    }
    assert(
      Number.isSafeInteger(schemaVersion) && schemaVersion >= 0,
      "'schemaVersion' on realm configuration must be 0 or a positive integer.",
    );
  }
  const { encryptionKey } = config;
  if (encryptionKey !== undefined) toKeyBytes(encryptionKey);
  assertOptionalBoolean(readOnly, "'readOnly' on realm configuration");
  assertOptionalBoolean(erases, "'deleteRealmIfMigrationNeeded' on realm configuration");
  if (config.shouldCompact !== undefined) {
    assertFunction(config.shouldCompact, "'shouldCompact' on realm configuration");
  }
  if (config.onFirstOpen !== undefined) {
    assertFunction(config.onFirstOpen, "'onFirstOpen' on realm configuration");
  }
  if (onMigration !== undefined) {
    assertFunction(onMigration, "'onMigration' on realm configuration");
    assert(
      sync === undefined,
      "The realm configuration options 'onMigration' and 'sync' cannot both be defined.",
    );
  }
  if (sync !== undefined) validateSyncConfiguration(sync);
  if (erases === true) {
    for (const other of ["onMigration", "readOnly", "sync"] as const) {
      assert(
        config[other] === undefined || config[other] === false,
        `The realm configuration options 'deleteRealmIfMigrationNeeded' and '${other}' cannot both be defined.`,
      );
    }
  }
}

/**
 * The bytes of a key.
 *
 * @throws {AssertionError} for what has no bytes; {Error} when they are not 64.
 */
export function toKeyBytes(key: unknown): Uint8Array {
  assert(
    key instanceof ArrayBuffer || ArrayBuffer.isView(key),
    "'encryptionKey' on realm configuration must be an ArrayBuffer or a view of one",
  );
  const bytes =
    key instanceof ArrayBuffer
      ? new Uint8Array(key)
      : new Uint8Array(key.buffer, key.byteOffset, key.byteLength);
  if (bytes.length !== 64) throw new Error("Encryption key must be 64 bytes.");
  return bytes;
}

/** Where the file is; `defaultPath` when the configuration says nothing. */
export function resolvePath({ path, sync }: Configuration, defaultPath: string): string {
  if (path !== undefined && isAbsolute(path)) return path;
  if (sync !== undefined) {
    validateSyncConfiguration(sync);
    const name = path?.replace(/\.realm$/, "") ?? partitionFileName(sync.partitionValue);
    return resolve(sync.user._native.realmPath(name));
  }
  return path === undefined ? defaultPath : resolve(path);
}

/** For the same file without sync. */
export function localConfiguration({ schema }: Configuration, path: string): Configuration {
  return schema === undefined ? { path } : { path, schema };
}

/**
 * Objects of asymmetric classes are sent and not kept, which only sync by queries can do.
 *
 * @throws {Error} when there is such a class; on an embedded class the word has no effect.
 */
export function checkAsymmetric(
  schema: readonly CanonicalObjectSchema[],
  { sync }: Configuration,
): void {
  const found = schema.find(({ asymmetric, embedded }) => asymmetric && !embedded);
  if (found === undefined) return;
  const where =
    sync === undefined ? "a local Realm" : "a Realm of a partition: it needs flexible sync";
  throw new Error(`Asymmetric table '${found.name}' not allowed in ${where}`);
}
