import { SEEN_MAX } from "./limits.js";

/** Ids that came last: the same event may come once more after a resume. */
export class Seen {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Notes an id, and forgets the oldest where there are too many. */
  insert(id: string): void {
    if (this.#ids.size >= SEEN_MAX) {
      // A set keeps the order of insertion: the first is the oldest.
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    this.#ids.add(id);
  }
}
