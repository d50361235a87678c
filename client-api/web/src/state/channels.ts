// The account's channels, with what is unread, kept up to date; and, for when there is no
// connection, as they were last.
import { batch, computed, signal } from "@preact/signals";
import type { Channel, ChannelEvent, EventFrame } from "comity-sdk";
import { nameOf } from "../text/accounts.js";
import { t } from "../i18n/index.js";
import { whileSignedIn, type SignedIn } from "./account.js";
import { displayName } from "./people.js";

const KEPT = "app/channels";
/** Changes of these moments are one request. */
const REFRESH_AFTER_MS = 120;
const KEEP_AFTER_MS = 250;

export const channels = signal<ReadonlyMap<string, Channel>>(new Map());
/** Whether the list came from the node, or at least from this browser's store. */
export const areChannelsKnown = signal(false);

const all = computed(() => [...channels.value.values()]);
const byTime = (a: Channel, b: Channel) =>
  (b.last_message_time ?? "").localeCompare(a.last_message_time ?? "");

export const invitations = computed(() => all.value.filter((each) => each.standing === "invited"));
const standing = computed(() => all.value.filter((each) => each.standing !== "invited"));
export const groups = computed(() => standing.value
  .filter((each) => each.kind === "group")
  .sort((a, b) => channelName(a).localeCompare(channelName(b))));
export const directs = computed(() => standing.value
  .filter((each) => each.kind === "direct").sort(byTime));
/** All that is unread and not muted, for the page's title. */
export const unreadTotal = computed(() => standing.value
  .reduce((sum, each) => sum + (each.muted ? each.mentions ?? 0 : each.unread ?? 0), 0));

/** What a channel is called here. */
export function channelName(channel: Pick<Channel, "kind" | "name" | "with">): string {
  if (channel.kind === "direct") return displayName(channel.with ?? "");
  return channel.name ?? t("channel.unnamed");
}

/** Changes what is shown of one channel, before or after the node says so. */
export function patchChannel(id: string, change: Partial<Channel>): void {
  const held = channels.peek().get(id);
  if (held) put({ ...held, ...change });
}

export function dropChannel(id: string): void {
  const next = new Map(channels.peek());
  if (next.delete(id)) channels.value = next;
}

let load: () => void = () => {};

/** Asks for the list anew. */
export function reloadChannels(): void {
  load();
}

function put(channel: Channel): void {
  channels.value = new Map(channels.peek()).set(channel.id, channel);
}

whileSignedIn((me) => {
  const keeper = new ListKeeper(me);
  load = () => keeper.loadSoon();
  const { session } = me;
  const ends = [
    session.on("event", (frame) => keeper.take(frame)),
    session.on("unread", ({ channel, unread, mentions, read }) =>
      patchChannel(channel, { unread, mentions, ...(read ? { read } : {}) })),
    session.on("muted", ({ channel, muted }) => patchChannel(channel, { muted })),
    session.on("resync", () => keeper.loadSoon()),
    session.on("notifications_changed", () => keeper.loadSoon()),
    session.on("blocks_changed", () => keeper.loadSoon()),
    session.on("state", ({ status }) => status === "online" && keeper.loadSoon()),
    channels.subscribe(() => keeper.keepSoon()),
  ];
  void keeper.start();
  return () => {
    for (const end of ends) end();
    keeper.close();
    channels.value = new Map();
    areChannelsKnown.value = false;
  };
});

class ListKeeper {
  #loading: ReturnType<typeof setTimeout> | undefined;
  #keeping: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  /** Which of the requests for the list was the last, and which of them was answered last. */
  #asked = 0;
  #answered = 0;

  constructor(readonly me: SignedIn) {}

  async start(): Promise<void> {
    // At once: a page that shows a channel waits for the list.
    void this.#load();
    const kept = await this.me.store.get(KEPT).catch(() => undefined) as Channel[] | undefined;
    if (kept && !this.#isClosed && !areChannelsKnown.peek()) this.#show(kept);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#loading);
    clearTimeout(this.#keeping);
  }

  loadSoon(): void {
    clearTimeout(this.#loading);
    this.#loading = setTimeout(() => void this.#load(), REFRESH_AFTER_MS);
  }

  keepSoon(): void {
    // Not put off by each change: in a busy channel it would never be kept.
    if (!areChannelsKnown.peek() || this.#keeping !== undefined) return;
    this.#keeping = setTimeout(() => {
      this.#keeping = undefined;
      const value = [...channels.peek().values()];
      void this.me.store.write([{ key: KEPT, value }]).catch(() => undefined);
    }, KEEP_AFTER_MS);
  }

  async #load(): Promise<void> {
    const asked = this.#asked += 1;
    // Without an answer the list stays as it is; it is asked for again with the next connection.
    const list = await this.me.client.api.channels.list().catch(() => undefined);
    // One that was asked for later may have come before.
    if (!list || this.#isClosed || asked < this.#answered) return;
    this.#answered = asked;
    this.#show(list);
  }

  #show(list: Channel[]): void {
    // Together: it is kept when it changes, if it is known then.
    batch(() => {
      channels.value = new Map(list.map((each) => [each.id, each]));
      areChannelsKnown.value = true;
    });
  }

  take({ channel, event }: EventFrame): void {
    const held = channels.peek().get(channel);
    if (!held) return event.kind === "contact" ? undefined : this.loadSoon();
    if (event.kind === "message") return this.#count(held, event.time, event);
    if (event.kind === "renamed") return patchChannel(channel, { name: event.name });
    if (event.kind === "topic_changed") return patchChannel(channel, { topic: event.topic });
    const quiet: ChannelEvent["kind"][] = ["reacted", "pinned", "edited", "erased", "contact"];
    if (!quiet.includes(event.kind)) this.loadSoon();
  }

  #count(held: Channel, time: string, event: ChannelEvent): void {
    if (event.kind !== "message") return;
    // The list may have counted it already; and one that is late stands somewhere above.
    if (held.last_message_time && time <= held.last_message_time) return this.loadSoon();
    if (event.sender === this.me.account) return put({ ...held, last_message_time: time });
    const isMention = event.mention_all || event.mentions?.includes(this.me.account);
    const unread = (held.unread ?? 0) + 1;
    const mentions = (held.mentions ?? 0) + (isMention ? 1 : 0);
    put({ ...held, last_message_time: time, unread, mentions });
  }
}

/** The part of a channel's name that sorts and searches: without marks and case. */
export function searchName(channel: Channel): string {
  const name = channelName(channel);
  const account = channel.with ? ` ${nameOf(channel.with)}` : "";
  return (name + account).toLocaleLowerCase();
}
