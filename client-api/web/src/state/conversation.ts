// One channel that is open: its timeline, its members, who types, what was read.
import { computed, signal } from "@preact/signals";
import { Timeline, type ChannelDetail, type Message, type TimelineView } from "comity-sdk";
import type { SignedIn } from "./account.js";
import { channels, patchChannel } from "./channels.js";
import { outbox } from "./outbox.js";
import { messageOf } from "./toasts.js";

const TYPING_SHOWN_MS = 6_000;
const READ_AFTER_MS = 300;
const DETAIL_AFTER_MS = 150;
const PAGE = 60;

const KEPT = "app/detail/";

export class Conversation {
  readonly timeline: Timeline;
  readonly view = signal<TimelineView>({
    items: [], local: [], hasBefore: true, hasAfter: true, pending: false, limited: false,
    loading: true,
  });
  /** Members, rules and organisations, as they were told last. */
  readonly detail = signal<ChannelDetail | undefined>(undefined);
  /** Why the channel cannot be shown. */
  readonly failure = signal<string | undefined>(undefined);
  /** Behind this message stands the unread line; it stays while the channel is open. */
  readonly line = signal<string | undefined>(undefined);
  /** Up to where others have read. */
  readonly reads = signal<ReadonlyMap<string, string>>(new Map());
  readonly typing = signal<readonly string[]>([]);
  /** The message that an address names, until it was looked at. */
  readonly target = signal<string | undefined>(undefined);
  readonly replyTo = signal<Message | undefined>(undefined);
  readonly editing = signal<Message | undefined>(undefined);
  /** What is on its way: not in the timeline yet. */
  readonly sending = computed(() => outbox.value.filter(({ channel }) => channel === this.id));
  /** How often something was sent: then the newest is shown. */
  readonly sends = signal(0);
  readonly #ends: (() => void)[];
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #reading: ReturnType<typeof setTimeout> | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(readonly me: SignedIn, readonly id: string) {
    const { session } = me;
    this.timeline = new Timeline(session, id);
    this.line.value = unreadFrom(id);
    this.#ends = [
      this.timeline.onChange((view) => (this.view.value = view)),
      session.on("typing", ({ channel, account, typing }) => {
        if (channel === id) this.#typed(account, typing);
      }),
      session.on("read", ({ channel, account, message }) => {
        if (channel === id) this.#hasRead(account, message);
      }),
      session.on("event", ({ channel, event }) => {
        if (channel !== id) return;
        if (event.kind === "message") this.#said(event);
        else if (!["edited", "erased", "reacted", "pinned"].includes(event.kind)) this.askSoon();
      }),
      session.on("history_grew", ({ channel }) => channel === id && this.askSoon()),
      session.on("state", ({ status }) => status === "online" && this.askSoon()),
    ];
  }

  /** Shows the newest, or a message that an address names. */
  async open(message?: string): Promise<void> {
    void this.#recall();
    this.askSoon();
    try {
      await (message ? this.jump(message) : this.timeline.latest(PAGE));
    } catch (error) {
      if (message) return this.open();
      this.failure.value = messageOf(error);
    }
  }

  /** Shows a message in its context, and marks it. */
  async jump(message: string): Promise<void> {
    const isHere = this.view.peek().items.some(({ event }) => event.id === message);
    if (!isHere) await this.timeline.around(message, PAGE);
    this.target.value = undefined;
    this.target.value = message;
  }

  /** Shows what was said from a local day on. */
  async jumpToDay(day: string): Promise<void> {
    const from = new Date(`${day}T00:00:00`).toISOString();
    await this.timeline.date(from, PAGE);
    const first = this.view.peek().items.find(({ event }) => event.time >= from);
    if (first) this.target.value = first.event.id;
  }

  /** Something was sent: its writer wants to see it. */
  sent(): void {
    this.sends.value += 1;
    if (this.view.peek().hasAfter) void this.timeline.latest(PAGE).catch(() => undefined);
  }

  close(): void {
    this.#isClosed = true;
    this.timeline.close();
    for (const end of this.#ends) end();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    clearTimeout(this.#reading);
    clearTimeout(this.#asking);
  }

  older(): void {
    const { hasBefore, loading, items } = this.view.peek();
    if (hasBefore && !loading && items.length) void this.timeline.before(PAGE).catch(() => 0);
  }

  newer(): void {
    const { hasAfter, loading, items } = this.view.peek();
    if (hasAfter && !loading && items.length) void this.timeline.after(PAGE).catch(() => 0);
  }

  /** Whether all that is unread is loaded: else its reader has not seen where it begins. */
  get isLineReached(): boolean {
    const { items, hasBefore } = this.view.value;
    const line = this.line.value;
    return line === undefined || !hasBefore || (items[0]?.event.id ?? "") <= line;
  }

  /** The newest messages have been on the screen. */
  readSoon(): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => {
      const newest = this.view.peek().items.at(-1)?.event.id;
      const channel = channels.peek().get(this.id);
      if (!newest || this.view.peek().hasAfter || document.visibilityState !== "visible") return;
      if (!channel?.unread && !channel?.mentions) return;
      patchChannel(this.id, { unread: 0, mentions: 0, read: newest });
      void this.me.session.command({ do: "mark_read", channel: this.id, message: newest })
        .catch(() => undefined);
    }, READ_AFTER_MS);
  }

  /** Marks as unread from a message on. */
  async unreadFrom(message: string): Promise<void> {
    const items = this.view.peek().items;
    const at = items.findIndex(({ event }) => event.id === message);
    const before = items[at - 1]?.event.id;
    if (!before) return;
    await this.me.client.api.channels.markRead(this.id, before, { back: true });
    this.line.value = before;
  }

  /** Asks for members and rules anew. */
  askSoon(): void {
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => void this.#ask(), DETAIL_AFTER_MS);
  }

  async #ask(): Promise<void> {
    const detail = await this.me.client.api.channels.get(this.id).catch(() => undefined);
    if (!detail || this.#isClosed) return;
    this.#show(detail);
    const value = detail;
    void this.me.store.write([{ key: KEPT + this.id, value }]).catch(() => undefined);
  }

  async #recall(): Promise<void> {
    const kept = await this.me.store.get(KEPT + this.id).catch(() => undefined);
    if (kept && !this.detail.peek()) this.#show(kept as ChannelDetail);
  }

  #show(detail: ChannelDetail): void {
    this.detail.value = detail;
    for (const { account, read } of detail.members) if (read) this.#hasRead(account, read);
  }

  #hasRead(account: string, message: string): void {
    if (account === this.me.account || (this.reads.peek().get(account) ?? "") >= message) return;
    this.reads.value = new Map(this.reads.peek()).set(account, message);
  }

  #said({ sender }: Message): void {
    this.#typed(sender, false);
    const unread = channels.peek().get(this.id)?.unread ?? 0;
    // The first that comes while nobody looks: the line shows later where to go on.
    if (sender === this.me.account || document.hasFocus() || unread > 1) return;
    this.line.value = this.view.peek().items.at(-1)?.event.id ?? this.line.peek();
  }

  #typed(account: string, typing: boolean): void {
    clearTimeout(this.#timers.get(account));
    const others = this.typing.peek().filter((each) => each !== account);
    if (others.length !== this.typing.peek().length || typing) {
      this.typing.value = typing && account !== this.me.account ? [...others, account] : others;
    }
    if (!typing) return;
    this.#timers.set(account, setTimeout(() => this.#typed(account, false), TYPING_SHOWN_MS));
  }
}

/** The message behind which all is unread, where anything is. */
function unreadFrom(id: string): string | undefined {
  const channel = channels.peek().get(id);
  return channel?.unread ? channel.read ?? "" : undefined;
}
