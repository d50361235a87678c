import { EVENTS_WAITING_MAX } from "./limits.js";

/**
 * Does things one after the other: what the node said, in its order, however long listeners take.
 */
export class Feed<T> {
  readonly #take: (item: T) => Promise<void>;
  readonly #waiting: T[] = [];
  #idle: (() => void)[] = [];
  #isBusy = false;

  constructor(take: (item: T) => Promise<void>) {
    this.#take = take;
  }

  /** Queues something; false where so much waits that no more should be read. */
  push(item: T): boolean {
    this.#waiting.push(item);
    if (!this.#isBusy) void this.#work();
    return this.#waiting.length < EVENTS_WAITING_MAX;
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Forgets what waits. */
  drop(): void {
    this.#waiting.length = 0;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      await this.#take(item);
    }
    this.#isBusy = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
