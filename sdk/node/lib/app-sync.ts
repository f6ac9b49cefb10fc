import type { App } from "./app";
import { assertFunction, assertString } from "./assert";
import { AssertionError } from "./errors";
import { type LogLevel, NumericLogLevel, setLogLevel, setLogger } from "./logging";
import {
  DEFAULT_OPEN_BEHAVIOR,
  OpenRealmBehaviorConfiguration,
  OpenRealmBehaviorType,
  PartitionValue,
  assertPartitionValue,
  toPartitionText,
} from "./sync-configuration";
import { ConnectionState, SyncSession } from "./sync-session";
import type { User } from "./user";

/** What concerns all sync sessions of an app: `Realm.App.Sync`. */
export class Sync {
  static readonly Session = SyncSession;
  static readonly ConnectionState = ConnectionState;
  static readonly NumericLogLevel = NumericLogLevel;
  static readonly openLocalRealmBehavior: OpenRealmBehaviorConfiguration = {
    type: OpenRealmBehaviorType.OpenImmediately,
  };
  static readonly downloadBeforeOpenBehavior = DEFAULT_OPEN_BEHAVIOR;

  /** The sessions of a user's open realms, and those that still have something to send. */
  static getAllSyncSessions(user: User): SyncSession[] {
    return user._native.syncSessions().map((session) => new SyncSession(session, user));
  }
  /** The active session of a user's realm of that partition. */
  static getSyncSession(user: User, partitionValue: PartitionValue): SyncSession | null {
    assertPartitionValue(partitionValue, "'partitionValue'");
    const partition = toPartitionText(partitionValue);
    const native = user._native
      .syncSessions()
      .find((session) => session.partition() === partition && session.isActive());
    return native === undefined ? null : new SyncSession(native, user);
  }

  /** Every session that waits for its next attempt to connect tries now. */
  static reconnect(app: App): void {
    app._native.networkChanged(true);
  }
  /**
   * For whoever watches the network: reachable again is `reconnect`; lost tests live connections, so
   * that their end is noticed in seconds.
   */
  static networkChanged(app: App, { reachable = true }: { reachable?: boolean } = {}): void {
    app._native.networkChanged(reachable);
  }
  /** Sessions that begin from now on share one connection for each user. */
  static enableSessionMultiplexing(app: App): void {
    app._native.multiplexSessions();
  }
  /**
   * Puts a file aside after a client reset that was left to the application; opening its path again
   * begins anew. Every realm of the file must be closed.
   *
   * @throws {AssertionError} when no client reset is due, or the file is open.
   */
  static initiateClientReset(app: App, path: string): void {
    assertString(path, "path");
    try {
      app._native.initiateClientReset(path);
    } catch (error) {
      throw new AssertionError((error as Error).message);
    }
  }
  /** @deprecated Use `Realm.setLogLevel`. */
  static setLogLevel(_app: App, level: LogLevel): void {
    setLogLevel(level);
  }
  /** @deprecated Use `Realm.setLogger`. */
  static setLogger(_app: App, logger: (level: number, message: string) => void): void {
    assertFunction(logger, "logger");
    setLogger((level: LogLevel, message: string) => {
      const name = (level[0] ?? "").toUpperCase() + level.slice(1);
      logger(NumericLogLevel[name as keyof typeof NumericLogLevel], message);
    });
  }
}
