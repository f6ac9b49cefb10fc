import { NativeSyncError } from "./native";

/** An error of a sync session, as `onError` gets it. */
export class SyncError extends Error {
  override name = "SyncError";
  readonly isOk = false;
  readonly category = "UNKNOWN";
  readonly code: number;
  /** What `code` stands for: "SyncPermissionDenied". */
  readonly status: string;
  /**
   * What the server wants done about it, which has been done as far as it can be here:
   * "LogOutUser", "RefreshUser". "" for errors made by the client that need nothing.
   */
  readonly action: string;
  /** Of the server's log; "" for errors made by the client. */
  readonly logUrl: string;
  /** The session has ended; otherwise it goes on by itself. */
  readonly isFatal: boolean;
  readonly reason: string;
  readonly userInfo: Record<string, string> = {};

  /** @internal */
  constructor({ message, code, status, action, logUrl, isFatal }: NativeSyncError) {
    super(message);
    this.reason = message;
    this.code = code;
    this.status = status;
    this.action = action;
    this.logUrl = logUrl;
    this.isFatal = isFatal;
  }
}

/** A write of this device that the server has undone. */
export interface CompensatingWriteInfo {
  objectName: string;
  /** Base64 of its encoding in changesets. */
  primaryKey: string;
  reason: string;
}

/** The server has undone writes of this device that it does not allow. */
export class CompensatingWriteError extends SyncError {
  readonly writes: CompensatingWriteInfo[];

  /** @internal */
  constructor(error: NativeSyncError) {
    super(error);
    this.writes = error.writes;
  }
}

/** A client reset that is left to the application: in manual mode, or because it failed. */
export class ClientResetError extends SyncError {
  override name = "ClientReset";
  /** Opens what was in the file, once that was put aside: at its next opening or on request. */
  readonly config: { readonly path: string; readonly readOnly: true };
  override readonly userInfo: Record<string, string>;

  /** @internal */
  constructor(error: NativeSyncError, path: string) {
    super(error);
    this.config = { path: error.recoveryPath, readOnly: true };
    this.userInfo = { ORIGINAL_FILE_PATH: path, RECOVERY_FILE_PATH: error.recoveryPath };
  }
}

/** The error of the class that its content asks for, of a session of the file at `path`. */
export function makeSyncError(error: NativeSyncError, path: string): SyncError {
  if (error.recoveryPath !== "") return new ClientResetError(error, path);
  return error.writes.length > 0 ? new CompensatingWriteError(error) : new SyncError(error);
}
