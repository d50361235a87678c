import { WAIT_FIRST_MS, WAIT_MAX_MS } from "./limits.js";

/** Waits that double up to a maximum, of each a random part between half and all. */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Any success starts over. */
  reset(): void {
    this.#failures = 0;
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const whole = Math.min(WAIT_FIRST_MS * 2 ** Math.min(this.#failures, 20), WAIT_MAX_MS);
    this.#failures += 1;
    return Math.round((whole / 2) * (1 + this.#random()));
  }
}
