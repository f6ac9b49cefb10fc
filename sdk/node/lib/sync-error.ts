/** An error of a sync session, as `onError` gets it. */
export class SyncError extends Error {
  override name = "SyncError";
  readonly isOk = false;
  readonly category = "UNKNOWN";
  readonly code: number;
  /** Of the server's log; "" for errors made by the client. */
  readonly logUrl: string;
  readonly isFatal: boolean;
  readonly reason: string;
  readonly userInfo: Record<string, string> = {};

  constructor(message: string, code: number, logUrl: string, isFatal: boolean) {
    super(message);
    this.reason = message;
    this.code = code;
    this.logUrl = logUrl;
    this.isFatal = isFatal;
  }
}
