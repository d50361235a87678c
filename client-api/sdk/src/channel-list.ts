import type { ComityClient } from "./client.js";
import { asComityError } from "./error.js";
import type { LiveSession } from "./session-types.js";
import type { Channel, ChannelEvent, EventFrame, MutedFrame, UnreadFrame } from "./types.js";

type Told = EventFrame | MutedFrame | UnreadFrame;

/**
 * The account's channels, kept up to date: names, standing, what is unread. The channel with the
 * newest message comes first.
 */
export class ChannelList {
  readonly #client: ComityClient;
  readonly #session: LiveSession;
  readonly #ends: (() => void)[];
  readonly #listeners = new Set<(channels: readonly Channel[]) => void>();
  #channels = new Map<string, Channel>();
  #sorted: readonly Channel[] = [];
  /** What came live while the list, or a channel, was asked for. */
  #missed: Told[] | undefined;
  /** Things are done one after the other: a channel that is asked for must not overtake. */
  #work: Promise<unknown> = Promise.resolve();
  #isLoaded = false;

  constructor(client: ComityClient, session: LiveSession) {
    this.#client = client;
    this.#session = session;
    this.#ends = [
      session.on("event", (frame) => void this.#take(frame)),
      session.on("unread", (frame) => void this.#take(frame)),
      session.on("muted", (frame) => void this.#take(frame)),
      session.on("history_grew", ({ channel }) => this.#refreshLater(channel)),
      session.on("resync", () => void this.load().catch(() => undefined)),
      session.on("state", ({ status }) => {
        if (status === "online" && !this.#isLoaded) void this.load().catch(() => undefined);
      }),
    ];
  }

  /** The channels now; another array after each change, with the same objects where none is. */
  get channels(): readonly Channel[] {
    return this.#sorted;
  }

  /** Told after each change; the answer ends it. */
  onChange(listener: (channels: readonly Channel[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(id: string): Channel | undefined {
    return this.#channels.get(id);
  }

  /**
   * Asks for the list. It is asked for again by itself after a gap, and once the session is
   * online where it could not be had before.
   */
  load(): Promise<void> {
    return this.#reading(async () => {
      this.#isLoaded = false;
      const channels = await this.#client.api.channels.list();
      this.#isLoaded = true;
      this.#channels = new Map(channels.map((channel) => [channel.id, channel]));
      this.#change();
      return channels;
    });
  }

  /** Stops listening. */
  close(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#listeners.clear();
  }

  /** Asks for one channel anew: one that this device has just opened, for example. */
  refresh(id: string): Promise<void> {
    return this.#refresh(id);
  }

  /**
   * Does a reading after those before it, and then what came live meanwhile; but not messages
   * that the channels counted already when they were read.
   */
  #reading(work: () => Promise<Channel[]>): Promise<void> {
    const reading = this.#work.then(async () => {
      this.#missed = [];
      let read: Channel[] = [];
      try {
        read = await work();
      } finally {
        const missed = this.#missed;
        this.#missed = undefined;
        const times = new Map(read.map(({ id, last_message_time }) => [id, last_message_time]));
        for (const frame of missed) if (!isCounted(frame, times)) this.#take(frame);
      }
    });
    this.#work = reading.catch(() => undefined);
    return reading;
  }

  #refresh(id: string, event?: ChannelEvent): Promise<void> {
    return this.#reading(async () => {
      const channel = await this.#ask(id, event);
      if (channel) this.#channels.set(id, channel);
      else this.#channels.delete(id);
      this.#change();
      return channel ? [channel] : [];
    });
  }

  /** Where it cannot be asked for, the whole list is, once the session is online again. */
  #refreshLater(id: string, event?: ChannelEvent): void {
    this.#refresh(id, event).catch(() => {
      this.#isLoaded = false;
    });
  }

  async #ask(id: string, event?: ChannelEvent): Promise<Channel | undefined> {
    try {
      // What the list does not have, such as the members, is not kept here.
      const { members, rules, aliases, organisations, kept_seconds, ...channel } =
        await this.#client.api.channels.get(id);
      return channel;
    } catch (error) {
      if (asComityError(error, "unreachable").code !== "channel_not_found") throw error;
      return event?.kind === "invited" ? this.#invited(id, event.name) : undefined;
    }
  }

  /** A group that the node does not hold yet: the list knows more of it than the event. */
  async #invited(id: string, name: string | undefined): Promise<Channel> {
    const list = await this.#client.api.channels.list();
    return list.find((channel) => channel.id === id)
      ?? ({ id, kind: "group", name, standing: "invited" } as Channel);
  }

  #take(frame: Told): void {
    if (this.#missed) return void this.#missed.push(frame);
    if (!this.#isLoaded) return;
    const known = this.#channels.get(frame.channel);
    if (frame.type === "unread") {
      const { unread, mentions, read } = frame;
      const mark = read === undefined ? {} : { read };
      return this.#patch(known, { unread, mentions, ...mark });
    }
    if (frame.type === "muted") return this.#mute(known, frame.muted);
    const { event } = frame;
    if (event.kind === "contact" || event.kind === "request_refused") return;
    const isOfMe = "account" in event && event.account === this.#session.account;
    if (!known || isOfMe) {
      return this.#refreshLater(frame.channel, event);
    }
    this.#apply(known, event);
  }

  #apply(known: Channel, event: ChannelEvent): void {
    switch (event.kind) {
      case "message":
        return this.#count(known, event);
      case "renamed":
        return this.#patch(known, { name: event.name });
      case "topic_changed":
        return this.#patch(known, { topic: event.topic });
      case "handed_over":
        return this.#patch(known, { home: event.home });
    }
  }

  /** Between two `unread` frames everybody counts himself. */
  #count(known: Channel, event: ChannelEvent & { kind: "message" }): void {
    const { account } = this.#session;
    const newest = known.last_message_time;
    const isMine = event.sender === account;
    const mentions = event.mention_all || event.mentions?.includes(account);
    this.#patch(known, {
      last_message_time: newest !== undefined && newest > event.time ? newest : event.time,
      unread: (known.unread ?? 0) + (isMine ? 0 : 1),
      mentions: (known.mentions ?? 0) + (!isMine && mentions ? 1 : 0),
    });
  }

  #mute(known: Channel | undefined, isMuted: boolean): void {
    if (!known) return;
    const { muted: _, ...others } = known;
    this.#channels.set(known.id, (isMuted ? { ...others, muted: true } : others) as Channel);
    this.#change();
  }

  #patch(known: Channel | undefined, change: Partial<Channel>): void {
    if (!known) return;
    this.#channels.set(known.id, { ...known, ...change } as Channel);
    this.#change();
  }

  #change(): void {
    const time = ({ last_message_time }: Channel) => last_message_time ?? "";
    const all = [...this.#channels.values()];
    this.#sorted = all.sort((one, other) => (time(one) < time(other) ? 1 : -1));
    for (const listener of [...this.#listeners]) listener(this.#sorted);
  }
}

/** Whether a message came when the channel that was read had it already. */
function isCounted(frame: Told, times: Map<string, string | undefined>): boolean {
  if (frame.type !== "event" || frame.event.kind !== "message") return false;
  const newest = times.get(frame.channel);
  return newest !== undefined && frame.event.time <= newest;
}
