import { assert, assertFunction } from "./assert";
import { callListener } from "./listeners";
import { native } from "./native";

export type LogLevel =
  "all" | "trace" | "debug" | "detail" | "info" | "warn" | "error" | "fatal" | "off";

export const NumericLogLevel = {
  All: 0,
  Trace: 1,
  Debug: 2,
  Detail: 3,
  Info: 4,
  Warn: 5,
  Error: 6,
  Fatal: 7,
  Off: 8,
} as const;
export type NumericLogLevel = (typeof NumericLogLevel)[keyof typeof NumericLogLevel];

const LOG_CATEGORIES = [
  "Realm",
  "Realm.Storage",
  "Realm.Storage.Transaction",
  "Realm.Storage.Query",
  "Realm.Storage.Object",
  "Realm.Storage.Notification",
  "Realm.Sync",
  "Realm.Sync.Client",
  "Realm.Sync.Client.Session",
  "Realm.Sync.Client.Changeset",
  "Realm.Sync.Client.Network",
  "Realm.Sync.Client.Reset",
  "Realm.Sync.Server",
  "Realm.App",
  "Realm.SDK",
] as const;
export type LogCategory = (typeof LOG_CATEGORIES)[number];

export interface LogEntry {
  category: LogCategory;
  level: LogLevel;
  message: string;
}
export type LoggerCallback1 = (entry: LogEntry) => void;
export type LoggerCallback2 = (level: LogLevel, message: string) => void;
/** With two declared parameters it gets level and message, otherwise one entry. */
export type LoggerCallback = LoggerCallback1 | LoggerCallback2;

/** The core's number of each level: it has no lines between debug and info, and no fatal ones. */
const NATIVE_LEVELS: Record<LogLevel, number> = {
  all: 5,
  trace: 5,
  debug: 4,
  detail: 4,
  info: 3,
  warn: 2,
  error: 1,
  fatal: 0,
  off: 0,
};
const LEVEL_NAMES: readonly LogLevel[] = ["off", "error", "warn", "info", "debug", "trace"];

/** From which level on lines of a category, and of those below it, are logged. */
export function setLogLevel(level: LogLevel, category: LogCategory = "Realm"): void {
  assert(Object.hasOwn(NATIVE_LEVELS, level), `Unexpected log level: ${String(level)}`);
  assert(LOG_CATEGORIES.includes(category), `Unexpected log category: ${String(category)}`);
  native.setLogLevel(NATIVE_LEVELS[level], category);
}

/** Replaces the process's logger. Lines of other threads arrive later. */
export function setLogger(logger: LoggerCallback): void {
  assertFunction(logger, "logger");
  const callback = logger as (...args: unknown[]) => void;
  native.setLogger((category, number, message) => {
    const level = LEVEL_NAMES[number] ?? "info";
    if (callback.length === 2) {
      callListener(callback, level, message);
    } else {
      callListener(callback, { category, level, message });
    }
  });
}

/** What is logged until `setLogger` says otherwise. */
export function defaultLogger({ category, level, message }: LogEntry): void {
  const line = `[${category} - ${level}] ${message}`;
  if (level === "error" || level === "fatal") {
    console.error(line);
  } else if (level === "warn") {
    console.warn(line);
  } else {
    console.log(line);
  }
}

setLogger(defaultLogger);
setLogLevel("warn");
