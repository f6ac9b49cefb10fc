import { Long, ObjectId, UUID } from "bson";

import {
  assert,
  assertFunction,
  assertNumber,
  assertObject,
  assertOptionalBoolean,
} from "./assert";
import { ClientResetConfiguration, validateClientReset } from "./client-reset";
import { TypeAssertionError } from "./errors";
import { NativeClientReset, NativeSyncOptions } from "./native";
import { SyncError, makeSyncError } from "./sync-error";
import type { SyncSession } from "./sync-session";
import { User } from "./user";

export const OpenRealmBehaviorType = {
  DownloadBeforeOpen: "downloadBeforeOpen",
  OpenImmediately: "openImmediately",
} as const;
export type OpenRealmBehaviorType =
  (typeof OpenRealmBehaviorType)[keyof typeof OpenRealmBehaviorType];
export const OpenRealmTimeOutBehavior = {
  OpenLocalRealm: "openLocalRealm",
  ThrowException: "throwException",
} as const;
export type OpenRealmTimeOutBehavior =
  (typeof OpenRealmTimeOutBehavior)[keyof typeof OpenRealmTimeOutBehavior];
/** When the session of a realm ends that is closed. */
export const SessionStopPolicy = {
  AfterUpload: "after-upload",
  Immediately: "immediately",
  Never: "never",
} as const;
export type SessionStopPolicy = (typeof SessionStopPolicy)[keyof typeof SessionStopPolicy];

export interface OpenRealmBehaviorConfiguration {
  type: OpenRealmBehaviorType;
  timeOut?: number;
  timeOutBehavior?: OpenRealmTimeOutBehavior;
}

export type PartitionValue = string | number | ObjectId | UUID | null;

export type ErrorCallback = (session: SyncSession, error: SyncError) => void;

export interface SyncConfiguration {
  user: User;
  partitionValue: PartitionValue;
  onError?: ErrorCallback;
  /** By default what was not uploaded is recovered. */
  clientReset?: ClientResetConfiguration;
  newRealmFileBehavior?: OpenRealmBehaviorConfiguration;
  existingRealmFileBehavior?: OpenRealmBehaviorConfiguration;
  cancelWaitsOnNonFatalError?: boolean;
  /** The spelling of the documentation. */
  cancelWaitsOnNonFatalErrors?: boolean;
  /** What the original checked for. */
  cancelWaitOnNonFatalError?: boolean;
  _sessionStopPolicy?: SessionStopPolicy;
}

const CANCEL_WAITS_SPELLINGS = [
  "cancelWaitsOnNonFatalError",
  "cancelWaitsOnNonFatalErrors",
  "cancelWaitOnNonFatalError",
] as const;
const STOP_POLICIES: readonly string[] = Object.values(SessionStopPolicy);

export const DEFAULT_OPEN_BEHAVIOR: OpenRealmBehaviorConfiguration = {
  type: "downloadBeforeOpen",
  timeOut: 30_000,
  timeOutBehavior: "throwException",
};

export function validateSyncConfiguration(sync: SyncConfiguration): void {
  assertObject(sync, "'sync' on realm configuration");
  const where = "realm sync configuration";
  if (!(sync.user instanceof User)) {
    throw new TypeAssertionError("an instance of User", sync.user, `'user' on ${where}`);
  }
  assertPartitionValue(sync.partitionValue, `'partitionValue' on ${where}`);
  if (sync.onError !== undefined) assertFunction(sync.onError, `'onError' on ${where}`);
  if (sync.clientReset !== undefined) {
    validateClientReset(sync.clientReset, `'clientReset' on ${where}`);
  }
  for (const name of ["newRealmFileBehavior", "existingRealmFileBehavior"] as const) {
    if (sync[name] !== undefined) validateOpenBehavior(sync[name], `'${name}' on ${where}`);
  }
  for (const name of CANCEL_WAITS_SPELLINGS)
    assertOptionalBoolean(sync[name], `'${name}' on ${where}`);
  const { _sessionStopPolicy: policy } = sync;
  if (policy !== undefined && !STOP_POLICIES.includes(policy)) {
    throw new Error(`Unexpected '_sessionStopPolicy' on ${where}: ${String(policy)}`);
  }
}

export function assertPartitionValue(value: unknown, target: string): void {
  const isPartition =
    typeof value === "string" ||
    Number.isSafeInteger(value) ||
    value instanceof ObjectId ||
    value instanceof UUID ||
    value === null;
  assert(isPartition, `Expected ${target} to be an integer, string, ObjectId, UUID or null`);
}

function validateOpenBehavior(behavior: OpenRealmBehaviorConfiguration, where: string): void {
  assertObject(behavior, where);
  const { type, timeOut, timeOutBehavior } = behavior;
  assert(
    Object.values(OpenRealmBehaviorType).includes(type),
    `Expected 'type' in ${where} to be a known behavior, got ${String(type)}`,
  );
  if (timeOut !== undefined) assertNumber(timeOut, `'timeOut' in ${where}`);
  assert(
    timeOutBehavior === undefined ||
      Object.values(OpenRealmTimeOutBehavior).includes(timeOutBehavior),
    `Invalid 'timeOutBehavior' in ${where}: ${String(timeOutBehavior)}`,
  );
}

/** A partition value as canonical Extended JSON: what the server tells partitions apart by. */
export function toPartitionText(value: PartitionValue): string {
  if (value === null || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    return JSON.stringify({ $numberLong: Long.fromNumber(value).toString() });
  }
  if (value instanceof ObjectId) return JSON.stringify({ $oid: value.toHexString() });
  return JSON.stringify({ $uuid: value.toHexString() });
}

/** Name of the file of a partition, before it is encoded. */
export function partitionFileName(value: PartitionValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return `s_${value}`;
  if (typeof value === "number") return `l_${value}`;
  return value instanceof ObjectId ? `o_${value.toHexString()}` : `u_${value.toHexString()}`;
}

export function toNativeSync(
  sync: SyncConfiguration,
  path: string,
  clientReset: NativeClientReset,
  onError: (error: SyncError) => void,
): NativeSyncOptions {
  return {
    user: sync.user._native,
    partition: toPartitionText(sync.partitionValue),
    stopPolicy: sync._sessionStopPolicy ?? "after-upload",
    cancelWaitsOnNonFatalError:
      CANCEL_WAITS_SPELLINGS.map((name) => sync[name]).find((value) => value !== undefined) ??
      false,
    clientReset,
    onError: (error) => onError(makeSyncError(error, path)),
  };
}
