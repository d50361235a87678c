// What tabs say to each other. One of them leads: it owns the socket, answers calls and tells all
// others what happens.
import { ComityError, type Refusal } from "./error.js";
import type { LocalMessage, SessionEvents, SessionState } from "./session-types.js";

/** What a tab may ask of the leader: the methods that are answered. */
export type Call =
  | { method: "take"; message: LocalMessage }
  | { method: "command"; key: string; command: unknown }
  | { method: "page"; channel: string; place: unknown; limit: number | undefined }
  | { method: "settled"; key: string }
  | { method: "ping" };

/** What a tab may tell the leader. */
export type Word =
  | { method: "retry"; key: string }
  | { method: "discard"; key: string }
  | { method: "typing"; channel: string; typing: boolean }
  | { method: "presence"; change: unknown }
  | { method: "wake" };

/** What the leader is and has. */
export interface Standing {
  state: SessionState;
  account: string;
  outbox: LocalMessage[];
}

/** All that goes over the channel. */
export type TabMessage =
  | { is: "call"; from: string; id: number; call: Call }
  | { is: "answer"; to: string; id: number; value?: unknown; refusal?: Refusal }
  | { is: "word"; word: Word }
  | { is: "told"; name: keyof SessionEvents; value: unknown }
  | { is: "greeting" }
  | { is: "standing"; standing: Standing };

/** The calls of one tab that wait for the leader, whoever that is. */
export class Calls {
  readonly #post: (message: TabMessage) => void;
  readonly #tab: string;
  readonly #open = new Map<number, OpenCall>();
  #next = 0;

  constructor(tab: string, post: (message: TabMessage) => void) {
    this.#tab = tab;
    this.#post = post;
  }

  make<T>(call: Call): Promise<T> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { call, resolve: resolve as (value: unknown) => void, reject });
      this.#say(id, call);
    });
  }

  /** Another tab leads: what is open is asked of it. Texts and commands are the same by key. */
  repeat(): void {
    for (const [id, { call }] of this.#open) this.#say(id, call);
  }

  /** This tab leads: what is open is its own business. */
  takeAll(): OpenCall[] {
    const open = [...this.#open.values()];
    this.#open.clear();
    return open;
  }

  answered(message: TabMessage & { is: "answer" }): void {
    if (message.to !== this.#tab) return;
    const call = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.refusal) call?.reject(ComityError.from(message.refusal));
    else call?.resolve(message.value);
  }

  #say(id: number, call: Call): void {
    this.#post({ is: "call", from: this.#tab, id, call });
  }
}

/** A call without its answer. */
export interface OpenCall {
  call: Call;
  resolve: (value: unknown) => void;
  reject: (error: ComityError) => void;
}
