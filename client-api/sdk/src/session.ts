import { Backoff } from "./backoff.js";
import { Cache } from "./cache.js";
import type { ComityClient } from "./client.js";
import { ComityError, asComityError, isStoreFull, type Refusal, type SdkCode } from "./error.js";
import { Emitter } from "./emitter.js";
import { Feed } from "./feed.js";
import { Keeper } from "./keeper.js";
import { PAGE_DEFAULT } from "./limits.js";
import { Link, type WebSocketConstructor } from "./link.js";
import { MemoryStore } from "./memory-store.js";
import { Sender } from "./sender.js";
import { Seen } from "./seen.js";
import type {
  HistoryPage, Listener, LiveSession, LocalMessage, Place, SessionEvents, SessionState,
} from "./session-types.js";
import type { Store } from "./store.js";
import type * as api from "./types.js";
import { untilState } from "./until.js";

/** What a session needs. */
export interface SessionOptions {
  /** The device: it must have a token. */
  client: ComityClient;
  /** Where cursor, outbox and cache are kept; in memory where it is left out. */
  store?: Store;
  /** Where there is no global one. */
  WebSocket?: WebSocketConstructor;
}

/** What waits for its turn: a frame, or the news that the feed begins at a cursor. */
type Item = { frame: api.NodeFrame } | { begins: string; isGap: boolean };

/** A live session that owns its socket. */
export class Session implements LiveSession {
  readonly #client: ComityClient;
  readonly #WebSocket: WebSocketConstructor;
  readonly #emitter: Emitter<SessionEvents>;
  readonly #keeper: Keeper;
  readonly #sender: Sender;
  readonly #cache: Cache;
  readonly #feed: Feed<Item>;
  readonly #seen = new Seen();
  readonly #backoff = new Backoff();
  readonly #wakes = () => this.wake();
  #state: SessionState = { status: "offline" };
  #link: Link | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loading: Promise<void> | undefined;
  /** The cursor of the newest frame that came; the store has that of the newest finished one. */
  #cursor: string | undefined;
  #cursorWasRefused = false;
  #owner: { account: string; device: string } | undefined;
  #presence: api.PresenceChange["state"];
  #ends: (() => void)[] = [];

  constructor(options: SessionOptions) {
    this.#client = options.client;
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.#emitter = new Emitter((error) => this.#report(error, "listener_failed"));
    const store = options.store ?? new MemoryStore();
    this.#keeper = new Keeper(store, (error) => this.#notKept(error));
    const now = this.#client.now.bind(this.#client);
    const tell = (message: LocalMessage) => this.#emitter.emit("outbox", message);
    this.#sender = new Sender(this.#keeper, tell, now);
    const { channels, messages } = this.#client.api;
    const kept = async (channel: string) => secondsOf((await channels.get(channel)).kept_seconds);
    this.#cache = new Cache(this.#keeper, messages.page.bind(messages), kept, now);
    this.#feed = new Feed((item) => this.#take(item));
  }

  get state(): SessionState {
    return this.#state;
  }

  get account(): string {
    return this.#owner?.account ?? "";
  }

  async start(): Promise<void> {
    if (!this.#isClosed()) return this.#loading;
    this.#setState({ status: "connecting" });
    try {
      await (this.#loading ??= this.#load());
      // What came and was not finished when the session was closed comes again.
      this.#cursor = (await this.#keeper.get("meta/cursor")) as string | undefined;
    } catch (error) {
      this.#loading = undefined;
      this.#setState({ status: "offline" });
      throw asComityError(error, "store_failed");
    }
    if (this.#isClosed()) return;
    this.#ends.push(this.#client.onTokenInvalid((error) => this.#logOut(error.toRefusal())));
    globalThis.addEventListener?.("online", this.#wakes);
    this.#ends.push(() => globalThis.removeEventListener?.("online", this.#wakes));
    this.#connect();
  }

  async close(): Promise<void> {
    this.#stop({ status: "offline" });
    this.#feed.drop();
    this.#sender.fail(new ComityError("closed", "The session was closed."));
    await this.#keeper.flushed().catch(() => undefined);
  }

  wake(): void {
    if (this.#state.status === "waiting") this.#connect();
  }

  on<N extends keyof SessionEvents>(name: N, listener: Listener<N>): () => void {
    return this.#emitter.on(name, listener);
  }

  until(test: (state: SessionState) => boolean): Promise<SessionState> {
    return untilState(this, test);
  }

  send(channel: string, text: string, options: api.SendOptions = {}): LocalMessage {
    return this.#sender.send(channel, text, options);
  }

  /** Takes a text that was written elsewhere, such as in another tab; once by its key. */
  take(message: LocalMessage): LocalMessage {
    return this.#sender.take(message);
  }

  settled(key: string): Promise<LocalMessage> {
    return this.#sender.settled(key);
  }

  outbox(channel?: string): LocalMessage[] {
    return this.#sender.messages(channel);
  }

  retry(key: string): void {
    this.#sender.retry(key);
  }

  discard(key: string): void {
    if (this.#sender.discard(key)) this.#emitter.emit("discarded", { key });
  }

  command(command: api.Command, key?: string): Promise<api.DoneFrame> {
    return this.#sender.command(command, key);
  }

  typing(channel: string, typing = true): void {
    this.#online?.send({ type: "typing", channel, typing });
  }

  presence(change: api.PresenceChange): void {
    this.#presence = change.state ?? this.#presence;
    this.#online?.send({ type: "presence", ...change });
  }

  async ping(): Promise<number> {
    if (!this.#online) throw new ComityError("not_online", "There is no connection.");
    return this.#online.ping();
  }

  async page(channel: string, place: Place, limit = PAGE_DEFAULT): Promise<HistoryPage> {
    await this.#loading;
    return this.#cache.page(channel, place, limit);
  }

  get #online(): Link | undefined {
    return this.#state.status === "online" ? this.#link : undefined;
  }

  async #load(): Promise<void> {
    const owner = await this.#keeper.get("meta/owner");
    this.#owner = owner as { account: string; device: string } | undefined;
    this.#cache.account = this.#owner?.account ?? "";
    this.#cache.feedIsKnown = (await this.#keeper.get("meta/cursor")) !== undefined;
    await this.#cache.load();
    await this.#sender.load();
  }

  #isClosed(): boolean {
    return this.#state.status === "offline" || this.#state.status === "loggedOut";
  }

  #connect(): void {
    clearTimeout(this.#timer);
    const { token, url } = this.#client;
    if (token === undefined) {
      const message = "There is no token: log in first.";
      return this.#logOut({ code: "token_invalid", message, status: 0 });
    }
    this.#setState({ status: "connecting" });
    try {
      this.#link = new Link({
        WebSocket: this.#WebSocket,
        url,
        token,
        cursor: this.#cursor,
        welcomed: (frame) => this.#welcomed(frame),
        heard: (frame) => this.#heard(frame),
        ended: (reason, endpoint) => this.#ended(reason, endpoint),
      });
    } catch (error) {
      this.#ended(asComityError(error, "unreachable").toRefusal(), undefined);
    }
  }

  #welcomed(frame: api.WelcomeFrame): void {
    const { account, device, cursor } = frame;
    if (this.#owner && this.#owner.account !== account) {
      const message = `The store is that of ${this.#owner.account}.`;
      return this.#logOut({ code: "store_foreign", message, status: 0 });
    }
    if (this.#owner && this.#owner.device !== device) this.#sender.deviceChanged();
    this.#owner = { account, device };
    this.#cache.account = account;
    this.#keeper.put("meta/owner", this.#owner);
    const isGap = frame.resync || this.#cursorWasRefused;
    if (isGap || this.#cursor === undefined) {
      this.#cursor = cursor;
      this.#feed.push({ begins: cursor, isGap });
    }
    this.#cursorWasRefused = false;
    this.#cache.feedIsKnown = true;
    this.#backoff.reset();
    this.#setState({ status: "online", account, device });
    this.#emitter.emit("presence", { reset: true, presences: [] });
    if (this.#presence) this.presence({ state: this.#presence });
    const link = this.#link as Link;
    this.#sender.connected((out) => link.send(out));
  }

  #heard(frame: api.NodeFrame): void {
    switch (frame.type) {
      case "stored":
      case "done":
        return this.#sender.answered(frame);
      case "refused":
        if (frame.nonce !== undefined) return this.#sender.answered(frame);
        this.#report(new ComityError(frame.code, frame.message), "answer_invalid");
        return;
      case "event":
        this.#cursor = frame.cursor;
    }
    if (!this.#feed.push({ frame })) this.#dam();
  }

  /** Listeners are slow: reads on when they have caught up. */
  #dam(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#sender.disconnected();
    this.#setState({ status: "connecting" });
    void this.#feed.drained().then(() => {
      if (this.#state.status === "connecting" && !this.#link) this.#connect();
    });
  }

  #ended(reason: Refusal, endpoint: string | undefined): void {
    const wasOnline = this.#state.status === "online";
    this.#link = undefined;
    this.#sender.disconnected();
    if (reason.code === "token_invalid") return this.#logOut(reason);
    if (reason.code === "cursor_invalid") {
      this.#cursorWasRefused ||= this.#cursor !== undefined;
      this.#cursor = undefined;
    }
    if (!wasOnline) this.#client.leaveEndpoint();
    if (endpoint !== undefined) this.#client.preferEndpoint(endpoint);
    const wait = this.#backoff.next();
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#setState({ status: "waiting", until: Date.now() + wait, reason });
  }

  #logOut(reason: Refusal): void {
    if (this.#state.status !== "loggedOut") this.#stop({ status: "loggedOut", reason });
  }

  #stop(state: SessionState): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends.splice(0)) end();
    this.#link?.close();
    this.#link = undefined;
    this.#sender.disconnected();
    this.#setState(state);
  }

  #setState(state: SessionState): void {
    if (state.status === this.#state.status && state.status === "offline") return;
    this.#state = state;
    this.#emitter.emit("state", state);
  }

  async #take(item: Item): Promise<void> {
    try {
      if ("begins" in item) await this.#begin(item.begins, item.isGap);
      else if (item.frame.type === "event") await this.#takeEvent(item.frame);
      else await this.#takeFrame(item.frame);
    } catch (error) {
      this.#report(error, "store_failed");
    }
  }

  async #begin(cursor: string, isGap: boolean): Promise<void> {
    if (isGap) await this.#cache.clear();
    this.#keeper.put("meta/cursor", cursor);
    if (isGap) this.#emitter.emit("resync", { cursor });
  }

  /** What an event does to the cache, what listeners send at once, and the cursor go together. */
  async #takeEvent(frame: api.EventFrame): Promise<void> {
    const { channel, event, cursor } = frame;
    if (event.kind === "message" && event.sender === this.#owner?.account) {
      await this.#sender.answer(channel, event.text);
    }
    if (this.#isClosed()) return;
    // A text that was not held may come again with it.
    const isWhole = event.kind !== "message" || event.text !== null || event.erased === true;
    const release = this.#keeper.hold();
    try {
      if (!isWhole || !this.#seen.has(event.id)) {
        await this.#cache.live(channel, event);
        // Closed meanwhile: it comes again after the next start.
        if (this.#isClosed()) return;
        if (isWhole) this.#seen.insert(event.id);
        const waits = this.#emitter.emit("event", frame);
        if (waits) release();
        await waits;
      }
      this.#keeper.put("meta/cursor", cursor);
    } finally {
      release();
    }
  }

  async #takeFrame(frame: api.NodeFrame): Promise<void> {
    switch (frame.type) {
      case "history_grew":
        await this.#cache.forget(frame.channel);
        break;
      case "delivered":
        await this.#cache.delivered(frame);
        break;
      case "presence":
        this.#emitter.emit("presence", { reset: false, presences: frame.presences });
        return;
      case "typing": {
        const { channel, account = "", typing = true } = frame;
        this.#emitter.emit("typing", { channel, account, typing });
        return;
      }
    }
    // Frames of later versions are passed over: nobody can listen to them.
    if (!TOLD.includes(frame.type)) return;
    this.#emitter.emit(frame.type as keyof SessionEvents, frame as never);
  }

  /** History can be asked for again, and what is unsent cannot: it makes room. */
  #notKept(error: unknown): void {
    const isFull = isStoreFull(error);
    if (isFull) void this.#cache.shrink().catch(() => undefined);
    this.#report(error, isFull ? "store_full" : "store_failed");
  }

  #report(error: unknown, code: SdkCode): void {
    this.#emitter.emit("error", asComityError(error, code).toRefusal());
  }
}

const TOLD: readonly string[] = [
  "blocks_changed", "delivered", "history_grew", "muted", "notifications_changed",
  "profile_changed", "read", "unread",
] satisfies (keyof SessionEvents)[];

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
