import type { Change, Range, Store, Value } from "./store.js";

/** Keeps everything in memory: nothing outlives the process. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, Value>();
  /** All keys, sorted; made anew when it is needed after a key came or went. */
  #sorted: string[] | undefined = [];

  async get(key: string): Promise<Value | undefined> {
    return clone(this.#values.get(key));
  }

  async range({ from, to, limit = Infinity, reverse = false }: Range) {
    this.#sorted ??= [...this.#values.keys()].sort();
    const begin = firstAtLeast(this.#sorted, from);
    const end = Math.max(begin, firstAtLeast(this.#sorted, to));
    const count = Math.min(limit, end - begin);
    const keys = reverse
      ? this.#sorted.slice(end - count, end).reverse()
      : this.#sorted.slice(begin, begin + count);
    return keys.map((key): [string, Value] => [key, clone(this.#values.get(key))]);
  }

  async write(changes: Change[]): Promise<void> {
    this.apply(changes);
  }

  async close(): Promise<void> {}

  /** What {@link write} does, at once. */
  apply(changes: Change[]): void {
    for (const { key, value } of changes) {
      const had = this.#values.has(key);
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, clone(value));
      if (had !== (value !== undefined)) this.#sorted = undefined;
    }
  }

  /** All entries, in no order. */
  entries(): Iterable<[string, Value]> {
    return this.#values.entries();
  }
}

// What is kept must not change with the object that somebody goes on using.
function clone(value: Value): Value {
  return typeof value === "object" && value !== null ? structuredClone(value) : value;
}

/** The index of the first key that is not before `key`. */
function firstAtLeast(sorted: string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
