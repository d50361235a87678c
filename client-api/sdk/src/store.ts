/** A value that a store keeps: anything that can be cloned structurally. */
export type Value = unknown;

/** One step of a write: puts a value, or (without one) deletes the key. */
export interface Change {
  key: string;
  value?: Value;
}

/** Which keys to read: from `from` (inclusive) up to `to` (exclusive), at most `limit`. */
export interface Range {
  from: string;
  to: string;
  limit?: number;
  /** Begins at the end. */
  reverse?: boolean;
}

/**
 * Where a session keeps what outlives it: its cursor, its outbox, its cache. Keys are ASCII and
 * sorted by their characters. Use one store for one account.
 */
export interface Store {
  get(key: string): Promise<Value | undefined>;
  /** The entries of a range, in its order. */
  range(range: Range): Promise<[key: string, value: Value][]>;
  /** Makes all changes or none, in the order of the calls; resolves when they are kept. */
  write(changes: Change[]): Promise<void>;
  close(): Promise<void>;
}
