/** A refusal of the node, or a failure on the way to it. Decide by `code`, show `message`. */
export class ComityError extends Error {
  /** A code of the API's list, or one of {@link SdkCode}. */
  readonly code: string;
  /** The HTTP status; 0 where there was none (the socket, or no answer at all). */
  readonly status: number;
  /** When a repeat has a chance, where the node said so. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, status = 0, retryAfterMs?: number) {
    super(message);
    this.name = "ComityError";
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Plain values, for storage and for other tabs. */
  toRefusal(): Refusal {
    const { code, message, status, retryAfterMs } = this;
    return { code, message, status, retryAfterMs };
  }

  /** The error of what {@link toRefusal} made. */
  static from(refusal: Refusal): ComityError {
    const { code, message, status, retryAfterMs } = refusal;
    return new ComityError(code, message, status, retryAfterMs);
  }
}

/** What a {@link ComityError} says, as a plain value that other tabs and stores can take. */
export interface Refusal {
  code: string;
  message: string;
  status: number;
  retryAfterMs?: number | undefined;
}

/**
 * Codes that no node sends: no answer came (`unreachable`), what answered is no Comity node
 * (`answer_invalid`), the outbox is full (`outbox_full`), the session was closed (`closed`), the
 * store cannot be written (`store_failed`), has no room left (`store_full`) or is another account's
 * (`store_foreign`), the device is another one than that which sent (`device_changed`), the socket
 * is not there (`not_online`), there is no such local message (`message_unknown`), a listener threw
 * (`listener_failed`).
 */
export type SdkCode =
  | "unreachable"
  | "answer_invalid"
  | "outbox_full"
  | "closed"
  | "store_failed"
  | "store_full"
  | "store_foreign"
  | "device_changed"
  | "not_online"
  | "message_unknown"
  | "listener_failed";

/** Whether a browser's store has failed because there is no room in it. */
export function isStoreFull(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}

/** Anything thrown, as a {@link ComityError}. */
export function asComityError(error: unknown, code: SdkCode): ComityError {
  if (error instanceof ComityError) return error;
  return new ComityError(code, error instanceof Error ? error.message : String(error));
}
