import { ComityError, asComityError } from "./error.js";
import { Emitter } from "./emitter.js";
import { newKey } from "./sender.js";
import { Session, type SessionOptions } from "./session.js";
import type {
  HistoryPage, Listener, LiveSession, LocalMessage, Place, SessionEvents, SessionState,
} from "./session-types.js";
import { Calls, type Call, type TabMessage, type Word } from "./tab-channel.js";
import { untilState } from "./until.js";
import type * as api from "./types.js";

/** What a session over several tabs needs besides. */
export interface SharedSessionOptions extends SessionOptions {
  /** The same in all tabs of one device, and of nobody else: the account, for example. */
  name: string;
  /** Web Locks, where there is no `navigator.locks`. */
  locks?: Pick<LockManager, "request">;
  /** Where there is no global one. */
  BroadcastChannel?: typeof BroadcastChannel;
}

/** Where texts stand that no leader has taken yet. */
const PENDING = "pending/";

const NAMES: (keyof SessionEvents)[] = [
  "blocks_changed", "delivered", "discarded", "error", "event", "history_grew", "muted",
  "notifications_changed", "outbox", "presence", "profile_changed", "read", "resync", "state",
  "typing", "unread",
];

/**
 * The session of one of several tabs: one tab owns the socket, the others talk to it. When it is
 * closed another one takes over. The store must be one that all of them share.
 */
export class SharedSession implements LiveSession {
  readonly #options: SharedSessionOptions;
  readonly #emitter: Emitter<SessionEvents>;
  readonly #calls: Calls;
  #channel: BroadcastChannel | undefined;
  /** This tab's session, where it leads. */
  #own: Session | undefined;
  #state: SessionState = { status: "offline" };
  #account = "";
  /** What is in the outbox, as the leader has told it, and what it has not heard of yet. */
  #outbox = new Map<string, LocalMessage>();
  #resign: (() => void) | undefined;
  #met: (() => void) | undefined;
  #isOpen = false;

  constructor(options: SharedSessionOptions) {
    this.#options = options;
    this.#calls = new Calls(newKey(), (message) => this.#channel?.postMessage(message));
    this.#emitter = new Emitter((error) => {
      this.#emitter.emit("error", asComityError(error, "listener_failed").toRefusal());
    });
  }

  /** Whether this tab owns the socket. */
  get leads(): boolean {
    return this.#own !== undefined;
  }

  get state(): SessionState {
    return this.#own?.state ?? this.#state;
  }

  get account(): string {
    return this.#own?.account ?? this.#account;
  }

  /** Resolves when this tab leads, or has met the one that does. */
  async start(): Promise<void> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { name, BroadcastChannel: Channel = globalThis.BroadcastChannel } = this.#options;
    const locks = this.#options.locks ?? navigator.locks;
    this.#channel = new Channel(`comity:${name}`);
    this.#channel.onmessage = (message: MessageEvent<TabMessage>) => this.#take(message.data);
    const met = new Promise<void>((resolve) => (this.#met = resolve));
    // Held until this tab is closed; the browser lets go of it where the tab crashes.
    void locks.request(`comity:${name}`, () => this.#lead());
    this.#post({ is: "greeting" });
    await met;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#own?.close();
    this.#resign?.();
    const closed = new ComityError("closed", "The session was closed.");
    for (const { reject } of this.#calls.takeAll()) reject(closed);
    this.#channel?.close();
    this.#channel = undefined;
    this.#own = undefined;
    this.#setState({ status: "offline" });
  }

  wake(): void {
    if (this.#own) this.#own.wake();
    else this.#say({ method: "wake" });
  }

  on<N extends keyof SessionEvents>(name: N, listener: Listener<N>): () => void {
    return this.#emitter.on(name, listener);
  }

  until(test: (state: SessionState) => boolean): Promise<SessionState> {
    return untilState(this, test);
  }

  send(channel: string, text: string, options: api.SendOptions = {}): LocalMessage {
    if (this.#own) return this.#own.send(channel, text, options);
    const key = newKey();
    const time = new Date(this.#options.client.now()).toISOString();
    const message: LocalMessage = {
      key, nonce: null, channel, text, options, time, state: "queued",
    };
    this.#outbox.set(key, message);
    this.#emitter.emit("outbox", message);
    void this.#handOver(message);
    return message;
  }

  /** Gives a text to the leader; until it has it, the store does, for whoever leads next. */
  async #handOver(message: LocalMessage): Promise<void> {
    const { store } = this.#options;
    const place = PENDING + message.key;
    const kept = store?.write([{ key: place, value: message }]).catch(() => undefined);
    try {
      await this.#calls.make<LocalMessage>({ method: "take", message });
    } catch (error) {
      const { code } = asComityError(error, "closed");
      // This tab was closed: another one finds it in the store.
      if (code === "closed") return;
      this.#refused(message, asComityError(error, "closed"));
    }
    await kept;
    await store?.write([{ key: place }]).catch(() => undefined);
  }

  settled(key: string): Promise<LocalMessage> {
    if (this.#own) return this.#own.settled(key);
    return this.#calls.make({ method: "settled", key });
  }

  outbox(channel?: string): LocalMessage[] {
    if (this.#own) return this.#own.outbox(channel);
    const all = [...this.#outbox.values()];
    return channel === undefined ? all : all.filter((message) => message.channel === channel);
  }

  retry(key: string): void {
    if (this.#own) this.#own.retry(key);
    else this.#say({ method: "retry", key });
  }

  discard(key: string): void {
    if (this.#own) this.#own.discard(key);
    else this.#say({ method: "discard", key });
  }

  command(command: api.Command): Promise<api.DoneFrame> {
    if (this.#own) return this.#own.command(command);
    return this.#calls.make({ method: "command", key: newKey(), command });
  }

  typing(channel: string, typing = true): void {
    if (this.#own) this.#own.typing(channel, typing);
    else this.#say({ method: "typing", channel, typing });
  }

  presence(change: api.PresenceChange): void {
    if (this.#own) this.#own.presence(change);
    else this.#say({ method: "presence", change });
  }

  ping(): Promise<number> {
    return this.#own ? this.#own.ping() : this.#calls.make({ method: "ping" });
  }

  page(channel: string, place: Place, limit?: number): Promise<HistoryPage> {
    if (this.#own) return this.#own.page(channel, place, limit);
    return this.#calls.make({ method: "page", channel, place, limit });
  }

  /** Owns the socket from here on until the tab is closed. */
  async #lead(): Promise<void> {
    if (!this.#isOpen) return;
    const ended = new Promise<void>((resolve) => (this.#resign = resolve));
    const own = new Session(this.#options);
    for (const name of NAMES) own.on(name, (value) => this.#tell(own, name, value));
    await own.start();
    if (this.#isOpen) await this.#takePending(own);
    if (!this.#isOpen) return own.close();
    this.#own = own;
    this.#post({ is: "standing", standing: this.#standing(own) });
    // What this tab asked of a leader that is gone it does itself now.
    for (const { call, resolve, reject } of this.#calls.takeAll()) {
      perform(own, call).then(resolve, reject);
    }
    this.#met?.();
    await ended;
  }

  /** What tabs wrote while nobody led, and did not live to hand over. */
  async #takePending(own: Session): Promise<void> {
    const { store } = this.#options;
    const range = { from: PENDING, to: `${PENDING}~` };
    for (const [key, value] of (await store?.range(range).catch(() => [])) ?? []) {
      try {
        own.take(value as LocalMessage);
      } catch {
        // The outbox is full: it waits for the next leader, or for its tab.
        return;
      }
      await store?.write([{ key }]).catch(() => undefined);
    }
  }

  #tell<N extends keyof SessionEvents>(own: Session, name: N, value: SessionEvents[N]) {
    // A tab that has just met the leader must not see a text that was stored as one that waits.
    this.#state = own.state;
    this.#post({ is: "told", name, value });
    return this.#emitter.emit(name, value);
  }

  #take(message: TabMessage): void {
    if (message.is === "answer") return this.#calls.answered(message);
    if (this.#own) return this.#serve(this.#own, message);
    if (message.is === "told") this.#hear(message.name, message.value as never);
    if (message.is !== "standing") return;
    const { state, account, outbox } = message.standing;
    this.#account = account;
    this.#meet(outbox);
    this.#setState(state);
    this.#met?.();
  }

  #serve(own: Session, message: TabMessage): void {
    if (message.is === "greeting") {
      return this.#post({ is: "standing", standing: this.#standing(own) });
    }
    if (message.is === "word") return obey(own, message.word);
    if (message.is !== "call") return;
    const { from: to, id, call } = message;
    perform(own, call).then(
      (value) => this.#post({ is: "answer", to, id, value }),
      (error) => {
        const refusal = asComityError(error, "closed").toRefusal();
        this.#post({ is: "answer", to, id, refusal });
      },
    );
  }

  #hear<N extends keyof SessionEvents>(name: N, value: SessionEvents[N]): void {
    if (name === "state") return this.#setState(value as SessionState);
    if (name === "outbox") {
      const message = value as LocalMessage;
      if (message.state === "stored") this.#outbox.delete(message.key);
      else this.#outbox.set(message.key, message);
    }
    if (name === "discarded") this.#outbox.delete((value as { key: string }).key);
    this.#emitter.emit(name, value);
  }

  /** Takes a leader's outbox over, and asks it what was open with another one. */
  #meet(outbox: LocalMessage[]): void {
    const own = [...this.#outbox.values()].filter(({ nonce }) => nonce === null);
    this.#outbox = new Map([...outbox, ...own].map((message) => [message.key, message]));
    this.#calls.repeat();
  }

  #refused(message: LocalMessage, error: ComityError): void {
    const refused: LocalMessage = { ...message, state: "refused", refusal: error.toRefusal() };
    if (this.#outbox.has(message.key)) this.#outbox.set(message.key, refused);
    this.#emitter.emit("outbox", refused);
  }

  #setState(state: SessionState): void {
    if (state.status === "online") this.#account = state.account;
    this.#state = state;
    this.#emitter.emit("state", state);
  }

  #standing(own: Session) {
    return { state: own.state, account: own.account, outbox: own.outbox() };
  }

  #say(word: Word): void {
    this.#post({ is: "word", word });
  }

  #post(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}

async function perform(own: Session, call: Call): Promise<unknown> {
  switch (call.method) {
    case "take":
      return own.take(call.message);
    case "command":
      return own.command(call.command as api.Command, call.key);
    case "page":
      return own.page(call.channel, call.place as Place, call.limit);
    case "settled":
      return own.settled(call.key);
    case "ping":
      return own.ping();
  }
}

function obey(own: Session, word: Word): void {
  switch (word.method) {
    case "retry":
      return own.retry(word.key);
    case "discard":
      return own.discard(word.key);
    case "typing":
      return own.typing(word.channel, word.typing);
    case "presence":
      return own.presence(word.change as api.PresenceChange);
    case "wake":
      return own.wake();
  }
}
