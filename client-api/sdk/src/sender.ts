import { Backoff } from "./backoff.js";
import { ComityError, isStoreFull, type Refusal } from "./error.js";
import type { Keeper } from "./keeper.js";
import {
  PAUSE_MAX_MS, STORE_AGAIN_MS, STORE_FULL_AGAIN_MS, STORE_FULL_TRIES,
} from "./limits.js";
import { Outbox, type Entry } from "./outbox.js";
import type { LocalMessage } from "./session-types.js";
import { Settlements } from "./settlements.js";
import type {
  Command, CommandFrame, DoneFrame, RefusedFrame, SendFrame, SendOptions, StoredFrame,
} from "./types.js";

type Say = (frame: SendFrame | CommandFrame) => void;

/** Sends what is in the outbox over whatever connection there is, and tells how it ended. */
export class Sender {
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #tell: (message: LocalMessage) => void;
  readonly #now: () => number;
  readonly #settlements = new Settlements();
  readonly #pauses = new Backoff();
  /** Who waits for any answer to a text, by its key. */
  readonly #curious = new Map<string, () => void>();
  #say: Say | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #isKeeping = false;
  /** Writes in a row that found no room. */
  #refusedForRoom = 0;
  #isLoaded = false;

  constructor(keeper: Keeper, tell: (message: LocalMessage) => void, now: () => number) {
    this.#keeper = keeper;
    this.#outbox = new Outbox(keeper);
    this.#tell = tell;
    this.#now = now;
  }

  async load(): Promise<void> {
    await this.#outbox.load();
    this.#isLoaded = true;
  }

  send(channel: string, text: string, options: SendOptions): LocalMessage {
    const time = new Date(this.#now()).toISOString();
    const key = newKey();
    return this.take({ key, nonce: null, channel, text, options, time, state: "queued" });
  }

  take(message: LocalMessage): LocalMessage {
    this.#needLoaded();
    const queued = this.#outbox.addMessage(message);
    if (queued.state === "stored") this.#settlements.message(queued);
    this.#tell(queued);
    void this.#keep();
    return queued;
  }

  command(command: Command, key = newKey()): Promise<DoneFrame> {
    this.#needLoaded();
    this.#outbox.addCommand(key, command);
    const done = this.#settlements.wait<DoneFrame>(key);
    void this.#keep();
    return done;
  }

  async settled(key: string): Promise<LocalMessage> {
    const message = this.#outbox.find(key)?.message;
    if (message && message.state !== "refused") return this.#settlements.wait(key);
    const ended = message ?? this.#settlements.recent(key) ?? this.#outbox.settled(key);
    if (ended) return ended;
    throw new ComityError("message_unknown", "There is no such message in the outbox.");
  }

  messages(channel?: string): LocalMessage[] {
    const all = this.#outbox.messages();
    return channel === undefined ? all : all.filter((message) => message.channel === channel);
  }

  retry(key: string): void {
    const message = this.#outbox.retry(key);
    if (!message) return;
    this.#settlements.reopen(key);
    this.#tell(message);
    void this.#keep();
  }

  discard(key: string): boolean {
    this.#settlements.reopen(key);
    return this.#outbox.discard(key) !== undefined;
  }

  /**
   * Resolves when a text that was sent, as an event of this account's shows it, was answered. The
   * event may come before the answer; shown so, the text would stand there twice for a moment.
   */
  answer(channel: string, text: string | null): Promise<void> | undefined {
    const sent = this.#outbox.messages().find((message) =>
      message.state === "sent" && message.channel === channel && message.text === text);
    return sent && new Promise((resolve) => this.#curious.set(sent.key, resolve));
  }

  /** Takes a connection, on which nothing was sent yet. */
  connected(say: Say): void {
    clearTimeout(this.#pause);
    this.#say = say;
    this.#outbox.connected();
    this.#pump();
  }

  disconnected(): void {
    clearTimeout(this.#pause);
    this.#say = undefined;
  }

  /** The store is another device's of the account. */
  deviceChanged(): void {
    const message = "The device that wrote this was logged out; it may or may not be sent.";
    const refused = this.#outbox.refuseAll({ code: "device_changed", message, status: 0 });
    for (const each of refused) {
      this.#release(each.key);
      this.#ended(each);
    }
  }

  answered(frame: StoredFrame | DoneFrame | RefusedFrame): void {
    const refusal = frame.type === "refused" ? refusalOf(frame) : undefined;
    const answer = frame.type === "stored" ? { id: frame.id } : refusal ? { refusal } : {};
    const asked = this.#outbox.at(Number(frame.nonce))?.key ?? "";
    const verdict = this.#outbox.answered(Number(frame.nonce), answer);
    this.#release(asked);
    if (verdict.is === "later" && verdict.pauses) return this.#wait(refusal?.retryAfterMs ?? 0);
    if (verdict.is !== "settled") return;
    this.#pauses.reset();
    const { entry } = verdict;
    if (entry.message) this.#ended(entry.message);
    else if (frame.type === "done") this.#settlements.command(entry.key, frame);
    else if (refusal) this.#settlements.command(entry.key, ComityError.from(refusal));
    this.#pump();
  }

  /** Tells all who wait for an answer that none will come here. */
  fail(error: ComityError): void {
    this.#settlements.fail(error);
    for (const key of [...this.#curious.keys()]) this.#release(key);
  }

  #release(key: string): void {
    this.#curious.get(key)?.();
    this.#curious.delete(key);
  }

  #ended(message: LocalMessage): void {
    this.#settlements.message(message);
    this.#tell(message);
  }

  #wait(least: number): void {
    const wait = Math.min(Math.max(least, this.#pauses.next()), PAUSE_MAX_MS);
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#outbox.pauseOver();
      this.#pump();
    }, wait);
  }

  /**
   * What is not in the store yet is not sent: after a crash nobody would know of it. But where the
   * store stays without room, to be sent is better than to be lost.
   */
  async #keep(): Promise<void> {
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    for (let newest; (newest = this.#outbox.newestUnkept) !== undefined; ) {
      let isKept = true;
      try {
        await this.#keeper.flushed();
        this.#refusedForRoom = 0;
      } catch (error) {
        // That it failed was told as an error of the session.
        const isFull = isStoreFull(error);
        this.#refusedForRoom = isFull ? this.#refusedForRoom + 1 : 0;
        if (this.#refusedForRoom < STORE_FULL_TRIES) {
          const wait = isFull ? STORE_FULL_AGAIN_MS : STORE_AGAIN_MS;
          await new Promise((resolve) => setTimeout(resolve, wait));
          continue;
        }
        isKept = false;
      }
      const kept = this.#outbox.release(newest, isKept);
      this.#pump();
      // What has gone out was told as sent.
      for (const { message } of kept) if (message?.state === "queued") this.#tell(message);
    }
    this.#isKeeping = false;
  }

  #pump(): void {
    const say = this.#say;
    if (!say) return;
    for (let entry; (entry = this.#outbox.next()); ) {
      say(frameOf(entry));
      if (entry.message) this.#tell(entry.message);
    }
  }

  #needLoaded(): void {
    if (this.#isLoaded) return;
    throw new ComityError("closed", "The session has not started: wait for start().");
  }
}

function frameOf({ nonce, message, command }: Entry): SendFrame | CommandFrame {
  if (message) {
    const { channel, text, options } = message;
    return { type: "send", nonce: String(nonce), channel, text, ...options };
  }
  return { type: "command", nonce: String(nonce), ...command } as CommandFrame;
}

function refusalOf(frame: RefusedFrame): Refusal {
  const { code, message, retry_after_ms } = frame;
  const retryAfterMs = retry_after_ms === undefined ? undefined : Number(retry_after_ms);
  return { code, message, status: 0, retryAfterMs };
}

/** A name that no other message has. `randomUUID` is not there on pages without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
