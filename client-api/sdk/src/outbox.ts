import { ComityError, type Refusal } from "./error.js";
import type { Keeper } from "./keeper.js";
import { OUTBOX_MAX, RETRIES_MAX, SETTLED_MAX, UNDER_WAY_MAX } from "./limits.js";
import type { LocalMessage } from "./session-types.js";
import type { Command } from "./types.js";

/** Something to ask of the node, under the nonce it got when it was queued. */
export interface Entry {
  key: string;
  nonce: number;
  message?: LocalMessage;
  command?: Command;
}

/** What is remembered of a text that was stored: handed over again, it is not sent again. */
interface Settled {
  key: string;
  message: LocalMessage;
}

/** What an answer means. */
export type Verdict =
  | { is: "settled"; entry: Entry }
  /** Nothing was done: it goes out again when the pause is over. */
  | { is: "later"; pauses: boolean }
  | { is: "unknown" };

/** Refusals after which nothing was done, so that a repeat is right. */
const NOT_DONE = ["rate_limited", "overloaded", "home_comparing", "disk_full"];
/** Refusals of a node that is about to close the socket: the next one repeats it. */
const ENDING = ["shutting_down", "storage_failed"];

/**
 * What was asked and is not settled: oldest first, over any number of connections and restarts,
 * so that the node does it once. Nonces count up by one, because the node takes only those that
 * are less than 1,024 behind the newest.
 */
export class Outbox {
  readonly #keeper: Keeper;
  /** By nonce, which is the order of sending. Refused texts stay until somebody decides. */
  readonly #entries = new Map<number, Entry>();
  readonly #byKey = new Map<string, Entry>();
  /** Not sent on this connection, oldest first. */
  #unsent: number[] = [];
  /** Put into the store, and not known to be there: they must not go out. */
  readonly #unkept = new Set<number>();
  readonly #retries = new Map<number, number>();
  /** Keys of texts that were stored, and the store's keys for them, oldest first. */
  readonly #settled = new Map<string, { message: LocalMessage; place: string }>();
  #underWay = 0;
  #nextNonce = 0;
  #isPaused = false;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  /** Reads what an earlier process left. */
  async load(): Promise<void> {
    const nonce = (await this.#keeper.get("meta/nonce")) as number | undefined;
    // A device that keeps no counter begins at the time in microseconds, above all earlier ones.
    const now = Date.now() * 1_000;
    this.#nextNonce = nonce ?? now;
    for (const [, value] of await this.#keeper.range({ from: "outbox/", to: "outbox0" })) {
      const entry = value as Entry;
      if (entry.message?.state === "sent") entry.message.state = "queued";
      if (entry.message) entry.message.kept = true;
      this.#insert(entry);
    }
    // Where the store had no room the counter in it stood still: go above what was used meanwhile,
    // which is right once nothing is unanswered.
    if (!this.#entries.size) this.#nextNonce = Math.max(this.#nextNonce, now);
    for (const [place, value] of await this.#keeper.range({ from: "settled/", to: "settled0" })) {
      const { key, message } = value as Settled;
      this.#settled.set(key, { message, place });
    }
  }

  /** Queues a text; the same key again is the same text. */
  addMessage(message: LocalMessage): LocalMessage {
    const settled = this.settled(message.key);
    if (settled) return { ...settled, text: message.text };
    const known = this.#byKey.get(message.key)?.message;
    if (known) return known;
    const nonce = this.#takeNonce();
    const queued: LocalMessage = { ...message, nonce: String(nonce), state: "queued" };
    this.#add({ key: message.key, nonce, message: queued });
    return queued;
  }

  /** Queues a command. */
  addCommand(key: string, command: Command): void {
    if (!this.#byKey.has(key)) this.#add({ key, nonce: this.#takeNonce(), command });
  }

  /** The texts that are not stored, oldest first. */
  messages(): LocalMessage[] {
    return [...this.#entries.values()].flatMap(({ message }) => (message ? [message] : []));
  }

  find(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  at(nonce: number): Entry | undefined {
    return this.#entries.get(nonce);
  }

  /** A text that was stored some time ago, without the text itself. */
  settled(key: string): LocalMessage | undefined {
    return this.#settled.get(key)?.message;
  }

  /** The newest nonce that is not known to be in the store. */
  get newestUnkept(): number | undefined {
    return [...this.#unkept].at(-1);
  }

  /**
   * Everything up to a nonce is in the store, or never will be: it may go out. The texts that are
   * kept now.
   */
  release(upTo: number, isKept: boolean): Entry[] {
    const released = [...this.#unkept].filter((nonce) => nonce <= upTo);
    for (const nonce of released) this.#unkept.delete(nonce);
    const texts = released.map((nonce) => this.#entries.get(nonce) as Entry)
      .filter(({ message }) => isKept && message);
    for (const entry of texts) this.#change(entry, { kept: true });
    return texts;
  }

  /** Begins a connection: it knows nothing of what was sent before. */
  connected(): void {
    const waits = [...this.#entries.values()].filter((entry) => !isRefused(entry));
    this.#unsent = waits.map((entry) => entry.nonce);
    this.#underWay = 0;
    this.#isPaused = false;
  }

  pauseOver(): void {
    this.#isPaused = false;
  }

  /** The next entry to send, while not too many are under way. */
  next(): Entry | undefined {
    const nonce = this.#unsent[0];
    if (nonce === undefined || this.#isPaused || this.#underWay >= UNDER_WAY_MAX) return undefined;
    // Nothing overtakes what is not in the store yet.
    if (this.#unkept.has(nonce)) return undefined;
    this.#unsent.shift();
    this.#underWay += 1;
    const entry = this.#entries.get(nonce) as Entry;
    if (entry.message) this.#change(entry, { state: "sent" });
    return entry;
  }

  /** Takes an answer: the id of the stored text, or a refusal. */
  answered(nonce: number, answer: { id?: string; refusal?: Refusal }): Verdict {
    const entry = this.#entries.get(nonce);
    if (!entry || isRefused(entry)) return { is: "unknown" };
    const { refusal } = answer;
    this.#underWay = Math.max(0, this.#underWay - 1);
    if (refusal && ENDING.includes(refusal.code)) return { is: "later", pauses: false };
    const retries = this.#retries.get(nonce) ?? 0;
    if (refusal && NOT_DONE.includes(refusal.code) && retries < RETRIES_MAX) {
      this.#retries.set(nonce, retries + 1);
      this.#unsent = [...this.#unsent, nonce].sort((one, other) => one - other);
      this.#isPaused = true;
      return { is: "later", pauses: true };
    }
    this.#retries.delete(nonce);
    if (refusal && entry.message) {
      this.#change(entry, { state: "refused", refusal });
      this.#keeper.put(placeOf(nonce), entry);
      if (["nonce_too_old", "nonce_reused"].includes(refusal.code)) this.#skipNonces();
    } else {
      this.#remove(entry);
      if (entry.message) this.#settle(entry, answer.id ?? "");
    }
    return { is: "settled", entry };
  }

  /** Queues a refused text again, as the newest. */
  retry(key: string): LocalMessage | undefined {
    const entry = this.#byKey.get(key);
    if (!entry?.message || !isRefused(entry)) return undefined;
    this.#remove(entry);
    const { refusal: _, ...message } = entry.message;
    return this.addMessage(message);
  }

  /** Forgets a refused text. */
  discard(key: string): LocalMessage | undefined {
    const entry = this.#byKey.get(key);
    if (!entry?.message || !isRefused(entry)) return undefined;
    this.#remove(entry);
    return entry.message;
  }

  /**
   * Another device took the store over. Whether the node has what its predecessor asked cannot be
   * found out under other nonces, so that somebody has to decide.
   */
  refuseAll(refusal: Refusal): LocalMessage[] {
    const told: LocalMessage[] = [];
    for (const entry of [...this.#entries.values()]) {
      if (isRefused(entry)) continue;
      if (entry.message) {
        this.#change(entry, { state: "refused", refusal });
        this.#keeper.put(placeOf(entry.nonce), entry);
        told.push(entry.message);
      } else this.#remove(entry);
    }
    this.#unsent = [];
    return told;
  }

  #add(entry: Entry): void {
    this.#insert(entry);
    this.#unsent.push(entry.nonce);
    this.#unkept.add(entry.nonce);
    this.#keeper.put(placeOf(entry.nonce), entry);
  }

  #insert(entry: Entry): void {
    this.#entries.set(entry.nonce, entry);
    this.#byKey.set(entry.key, entry);
    this.#nextNonce = Math.max(this.#nextNonce, entry.nonce + 1);
  }

  #takeNonce(): number {
    if (this.#entries.size >= OUTBOX_MAX) {
      const text = `The outbox has ${OUTBOX_MAX} texts and commands; that is as many as it takes.`;
      throw new ComityError("outbox_full", text);
    }
    const nonce = this.#nextNonce++;
    this.#keeper.put("meta/nonce", this.#nextNonce);
    return nonce;
  }

  /** Another program has counted on for this device: go above what it can have used. */
  #skipNonces(): void {
    this.#nextNonce = Math.max(this.#nextNonce, Date.now() * 1_000);
    this.#keeper.put("meta/nonce", this.#nextNonce);
  }

  /** Replaces the message: whoever was told of it keeps what he was told. */
  #change(entry: Entry, change: Partial<LocalMessage>): void {
    entry.message = { ...(entry.message as LocalMessage), ...change };
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.nonce);
    this.#byKey.delete(entry.key);
    this.#unkept.delete(entry.nonce);
    this.#keeper.put(placeOf(entry.nonce), undefined);
  }

  #settle(entry: Entry, id: string): void {
    this.#change(entry, { state: "stored", id });
    const place = `settled/${padded(entry.nonce)}`;
    // Its text is in the channel now.
    const message: LocalMessage = { ...(entry.message as LocalMessage), text: "" };
    this.#settled.set(entry.key, { message, place });
    this.#keeper.put(place, { key: entry.key, message } satisfies Settled);
    if (this.#settled.size <= SETTLED_MAX) return;
    for (const [key, oldest] of this.#settled) {
      this.#settled.delete(key);
      this.#keeper.put(oldest.place, undefined);
      break;
    }
  }
}

function isRefused(entry: Entry): boolean {
  return entry.message?.state === "refused";
}

function placeOf(nonce: number): string {
  return `outbox/${padded(nonce)}`;
}

function padded(nonce: number): string {
  return String(nonce).padStart(16, "0");
}
