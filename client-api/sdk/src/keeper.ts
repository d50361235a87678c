import type { Change, Range, Store, Value } from "./store.js";

/**
 * Writes to a store in batches: what is put while a write is under way, or while somebody holds
 * the keeper, goes together into the next one. Reads see what was put, written or not.
 */
export class Keeper {
  readonly #store: Store;
  readonly #failed: (error: unknown) => void;
  /** Put, and not given to the store. By key: the last value counts. */
  #waiting = new Map<string, Value | undefined>();
  /** Given to the store, and not answered. */
  #underWay = new Map<string, Value | undefined>();
  #holds = 0;
  #writing = false;
  #flushes: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** Puts a value, or deletes the key where it is `undefined`. */
  put(key: string, value: Value | undefined): void {
    this.#waiting.set(key, value);
    this.#write();
  }

  /** Keeps anything from being written until the answer is called. */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      this.#write();
    };
  }

  /** Resolves when all that was put is kept; rejects where it could not be. */
  flushed(): Promise<void> {
    if (!this.#writing && !this.#waiting.size) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#flushes.push({ resolve, reject });
      this.#write();
    });
  }

  async get(key: string): Promise<Value | undefined> {
    if (this.#waiting.has(key)) return this.#waiting.get(key);
    if (this.#underWay.has(key)) return this.#underWay.get(key);
    return this.#store.get(key);
  }

  async range(range: Range): Promise<[string, Value][]> {
    const { from, to, limit = Infinity, reverse = false } = range;
    const unwritten = new Map<string, Value | undefined>();
    for (const changes of [this.#underWay, this.#waiting]) {
      for (const [key, value] of changes) if (key >= from && key < to) unwritten.set(key, value);
    }
    const stored = await this.#store.range({ ...range, limit: limit + unwritten.size });
    if (!unwritten.size) return stored.slice(0, limit);
    const whole = stored.filter(([key]) => !unwritten.has(key));
    for (const [key, value] of unwritten) if (value !== undefined) whole.push([key, value]);
    const sign = reverse ? -1 : 1;
    whole.sort(([one], [other]) => (one < other ? -sign : sign));
    return whole.slice(0, limit);
  }

  #write(): void {
    if (this.#writing || this.#holds || !this.#waiting.size) return;
    this.#writing = true;
    this.#underWay = this.#waiting;
    this.#waiting = new Map();
    const flushes = this.#flushes;
    this.#flushes = [];
    const changes = [...this.#underWay].map(([key, value]): Change => ({ key, value }));
    this.#store.write(changes).then(
      () => this.#written(() => flushes.forEach(({ resolve }) => resolve())),
      (error) => {
        // Not kept: it goes with the next write, where nothing newer has taken its place.
        this.#waiting = new Map([...this.#underWay, ...this.#waiting]);
        this.#underWay = new Map();
        this.#writing = false;
        // Nobody knows when the next write is: whoever wants one asks again.
        for (const { reject } of [...flushes, ...this.#flushes.splice(0)]) reject(error);
        this.#failed(error);
      },
    );
  }

  #written(tell: () => void): void {
    this.#underWay = new Map();
    this.#writing = false;
    tell();
    this.#write();
    if (this.#writing || this.#waiting.size) return;
    // Whoever asked while the last write was under way waited for no other one.
    for (const { resolve } of this.#flushes.splice(0)) resolve();
  }
}
