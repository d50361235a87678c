import { ComityError } from "./error.js";
import { SETTLED_MAX } from "./limits.js";
import type { LocalMessage } from "./session-types.js";
import type { DoneFrame } from "./types.js";

type Outcome = LocalMessage | DoneFrame;

interface Waiting {
  resolve: (outcome: never) => void;
  reject: (error: ComityError) => void;
}

/** Who waits for the end of what was asked, and how what ended last has ended. */
export class Settlements {
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #recent = new Map<string, LocalMessage>();

  /** The outcome of a key that is open. */
  wait<T extends Outcome>(key: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const all = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, [...all, { resolve, reject }]);
    });
  }

  /** How a text has ended, where that is remembered. */
  recent(key: string): LocalMessage | undefined {
    return this.#recent.get(key);
  }

  /** Tells that a text is stored or refused. */
  message(message: LocalMessage): void {
    this.#recent.delete(message.key);
    this.#recent.set(message.key, message);
    if (this.#recent.size > SETTLED_MAX) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest);
        break;
      }
    }
    this.#take(message.key).forEach(({ resolve }) => resolve(message as never));
  }

  /** Tells how a command was answered. */
  command(key: string, outcome: DoneFrame | ComityError): void {
    for (const { resolve, reject } of this.#take(key)) {
      if (outcome instanceof ComityError) reject(outcome);
      else resolve(outcome as never);
    }
  }

  /** Tells all who wait that they wait in vain. */
  fail(error: ComityError): void {
    for (const key of [...this.#waiting.keys()]) {
      this.#take(key).forEach(({ reject }) => reject(error));
    }
  }

  /** A text is open again, or forgotten. */
  reopen(key: string): void {
    this.#recent.delete(key);
  }

  #take(key: string): Waiting[] {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return waiting;
  }
}
