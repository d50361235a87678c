import {
  applyAge, applyEffect, applyReply, better, changesSight, standsInHistory, targetOf,
} from "./apply.js";
import { eventKey, readPage, type CachedEvent, type Lacking } from "./cache-reader.js";
import { trimChannel, type ChannelRecord } from "./cache-trim.js";
import type { Keeper } from "./keeper.js";
import * as limits from "./limits.js";
import { BEGINNING, LIVE, behind, covering, withRange, type KnownRange } from "./ranges.js";
import type { HistoryPage, Place } from "./session-types.js";
import type { ChannelEvent, DeliveredFrame, Page } from "./types.js";

/** Asks the node for a page of a channel. */
export type FetchPage = (channel: string, query: Lacking & { limit: number }) => Promise<Page>;

/** Asks the node for how many seconds a channel's texts are kept. */
export type FetchKept = (channel: string) => Promise<number | undefined>;

/** What came live while a page was on its way: the page may be older than that. */
interface Flight {
  channel: string;
  events: ChannelEvent[];
  isStale: boolean;
}

/**
 * The history that was seen, by channel, and where it is without a gap. What it lacks it asks the
 * node for; what comes live it applies. All work on one channel is done one after the other.
 */
export class Cache {
  readonly #keeper: Keeper;
  readonly #fetch: FetchPage;
  readonly #fetchKept: FetchKept;
  /** The time by the node's clock. */
  readonly #now: () => number;
  /** Channels of which it is known since the start how long texts are kept. */
  readonly #keptIsKnown = new Set<string>();
  readonly #records = new Map<string, ChannelRecord>();
  readonly #locks = new Map<string, Promise<unknown>>();
  readonly #flights = new Set<Flight>();
  #looks = 0;
  #shrinks = 0;
  #eventsMax = limits.CACHED_EVENTS_MAX;
  /** Whose eyes it is. */
  account = "";
  /** Whether the feed goes on from a cursor, so that nothing new can be missed. */
  feedIsKnown = false;

  constructor(keeper: Keeper, fetch: FetchPage, fetchKept: FetchKept, now: () => number) {
    this.#keeper = keeper;
    this.#fetch = fetch;
    this.#fetchKept = fetchKept;
    this.#now = now;
  }

  /** Reads which channels are held. */
  async load(): Promise<void> {
    for (const [key, value] of await this.#keeper.range({ from: "channel/", to: "channel0" })) {
      const record = value as ChannelRecord;
      this.#records.set(key.slice("channel/".length), record);
      this.#looks = Math.max(this.#looks, record.used);
    }
    for (const channel of this.#records.keys()) await this.#age(channel);
  }

  /** A page: from what is held, and from the node what is lacking. */
  async page(channel: string, place: Place, limit: number): Promise<HistoryPage> {
    const count = Math.max(1, Math.min(limit, limits.PAGE_MAX));
    const shrinks = this.#shrinks;
    let came: HistoryPage | undefined;
    for (let requests = 0; ; ) {
      const held = await this.#locked(channel, () => {
        const ranges = this.#records.get(channel)?.ranges ?? [];
        return readPage(this.#keeper, channel, ranges, place, count);
      });
      // It was dropped again to make room, before it was read.
      if (came && shrinks !== this.#shrinks) return came;
      if (!held.lacking || requests >= limits.PAGE_REQUESTS_MAX) {
        this.#look(channel);
        void this.#learnKept(channel);
        const { rows, moreBefore, moreAfter } = held;
        const { kept, limited: isLimited } = this.#records.get(channel) ?? {};
        const events = shown(rows, kept, this.#now());
        const limited = !moreBefore && isLimited === true;
        return { ...events, moreBefore, moreAfter, pending: false, limited, requests };
      }
      const query = { ...held.lacking, limit: count };
      const flight: Flight = { channel, events: [], isStale: !this.feedIsKnown };
      this.#flights.add(flight);
      const page = await this.#fetch(channel, query).finally(() => this.#flights.delete(flight));
      requests += 1;
      const isKept = !page.history_pending
        && (await this.#locked(channel, () => this.#merge(flight, query, page)));
      // A date is looked up by the node alone; what cannot be kept is shown as it came.
      came = this.#raw(flight, page, requests);
      if (!isKept || place.at === "date") return came;
    }
  }

  /** Applies an event of the feed to what is held. */
  async live(channel: string, event: ChannelEvent): Promise<void> {
    for (const flight of this.#flights) if (flight.channel === channel) flight.events.push(event);
    if (event.kind === "rule_changed" && event.retention !== undefined) {
      this.#keptIsKnown.delete(channel);
      void this.#learnKept(channel);
    }
    if (changesSight(event, this.account)) return this.forget(channel);
    if (!this.#records.has(channel)) return;
    await this.#locked(channel, () => this.#apply(channel, event, true));
  }

  /** Notes how far a message has come. */
  async delivered(frame: DeliveredFrame): Promise<void> {
    const { channel, id } = frame;
    if (!this.#records.has(channel)) return;
    await this.#locked(channel, async () => {
      const held = await this.#get(channel, id);
      if (held) this.#put(channel, { ...held, delivered: further(held.delivered, frame) });
    });
  }

  /** Drops a channel: what was shown may count no more. */
  async forget(channel: string): Promise<void> {
    for (const flight of this.#flights) if (flight.channel === channel) flight.isStale = true;
    if (!this.#records.has(channel)) return;
    await this.#locked(channel, async () => {
      this.#records.delete(channel);
      this.#keeper.put(`channel/${channel}`, undefined);
      const range = { from: eventKey(channel, BEGINNING), to: eventKey(channel, LIVE) };
      for (const [key] of await this.#keeper.range(range)) this.#keeper.put(key, undefined);
    });
  }

  /** Drops all channels. */
  async clear(): Promise<void> {
    for (const flight of this.#flights) flight.isStale = true;
    for (const channel of [...this.#records.keys()]) await this.forget(channel);
  }

  /** The store has no room: drops all channels, and keeps half as much from now on. */
  async shrink(): Promise<void> {
    this.#shrinks += 1;
    const half = Math.floor(this.#count() / 2);
    this.#eventsMax = Math.max(limits.CACHED_EVENTS_MIN, Math.min(half, this.#eventsMax));
    await this.clear();
  }

  /** Takes a page in; false where it cannot be told any more what it means. */
  async #merge(flight: Flight, query: Lacking, page: Page): Promise<boolean> {
    if (flight.isStale) return false;
    const { channel } = flight;
    const record = this.#records.get(channel) ?? { ranges: [], count: 0, used: 0 };
    const range = rangeOf(record.ranges, query, page);
    if (!range) return false;
    const [from, to] = range;
    const keys = { from: eventKey(channel, from), to: eventKey(channel, to) };
    const held = new Map(await this.#keeper.range(keys));
    const live = new Set(flight.events.map((event) => eventKey(channel, event.id)));
    const delivered = new Map(page.delivered.map((each) => [each.id, each]));
    for (const event of page.events) {
      const key = eventKey(channel, event.id);
      if (!held.delete(key)) record.count += 1;
      this.#put(channel, withDelivered(event, delivered.get(event.id)));
    }
    // What a page does not show any more was withdrawn, unless it came after the page was made.
    for (const key of held.keys()) {
      if (live.has(key)) continue;
      this.#keeper.put(key, undefined);
      record.count -= 1;
    }
    record.ranges = withRange(record.ranges, range);
    if (!page.more_before) record.limited = page.history_limited === true;
    this.#records.set(channel, record);
    for (const event of flight.events) await this.#apply(channel, event, false);
    await trimChannel(this.#keeper, channel, record, page.events[0]?.id ?? from);
    this.#look(channel);
    await this.#makeRoom(channel);
    return true;
  }

  /** A page that is not kept. */
  #raw(flight: Flight, page: Page, requests: number): HistoryPage {
    const events = page.events.map((event) => flight.events.reduce(applyEffect, event));
    const { delivered, more_before, more_after, history_pending } = page;
    return {
      events, delivered, moreBefore: more_before, moreAfter: more_after,
      pending: history_pending, limited: page.history_limited === true, requests,
    };
  }

  async #apply(channel: string, event: ChannelEvent, isFirst: boolean): Promise<void> {
    const record = this.#records.get(channel);
    if (!record) return;
    for (const id of event.withdrawn ?? []) {
      if (!(await this.#get(channel, id))) continue;
      this.#keeper.put(eventKey(channel, id), undefined);
      record.count -= 1;
    }
    const target = targetOf(event);
    if (target !== undefined) {
      const held = await this.#get(channel, target);
      if (!held) return;
      const changed = applyEffect(held.event, event);
      if (changed !== held.event) this.#put(channel, { ...held, event: changed });
    } else if (standsInHistory(event, this.account) && covering(record.ranges, event.id)) {
      const held = await this.#get(channel, event.id);
      this.#put(channel, { ...held, event: better(held?.event, event) });
      if (held) return;
      record.count += 1;
      if (isFirst) await this.#applyReply(channel, event);
      if (record.count > limits.CACHED_EVENTS_OF_CHANNEL_MAX) {
        await trimChannel(this.#keeper, channel, record, event.id);
      }
      this.#keeper.put(`channel/${channel}`, { ...record });
    }
  }

  async #applyReply(channel: string, event: ChannelEvent): Promise<void> {
    if (event.kind !== "message" || event.thread === undefined) return;
    const first = await this.#get(channel, event.thread);
    if (first) this.#put(channel, { ...first, event: applyReply(first.event, event) });
  }

  /** Asks, once for each channel, how long its texts are kept, and erases what is older. */
  async #learnKept(channel: string): Promise<void> {
    if (this.#keptIsKnown.has(channel) || !this.#records.has(channel)) return;
    this.#keptIsKnown.add(channel);
    try {
      const kept = await this.#fetchKept(channel);
      const record = this.#records.get(channel);
      if (!record || record.kept === kept) return;
      record.kept = kept;
      this.#keeper.put(`channel/${channel}`, { ...record });
      await this.#locked(channel, () => this.#age(channel));
    } catch {
      // Asked again at the next look.
      this.#keptIsKnown.delete(channel);
    }
  }

  async #age(channel: string): Promise<void> {
    const kept = this.#records.get(channel)?.kept;
    if (kept === undefined) return;
    const range = { from: eventKey(channel, BEGINNING), to: eventKey(channel, LIVE) };
    for (const [, value] of await this.#keeper.range(range)) {
      const held = value as CachedEvent;
      const event = applyAge(held.event, kept, this.#now());
      if (event !== held.event) this.#put(channel, { ...held, event });
    }
  }

  async #get(channel: string, id: string): Promise<CachedEvent | undefined> {
    return (await this.#keeper.get(eventKey(channel, id))) as CachedEvent | undefined;
  }

  #put(channel: string, held: CachedEvent): void {
    this.#keeper.put(eventKey(channel, held.event.id), held);
  }

  /** Notes that a channel was looked at: it is the last to be dropped. */
  #look(channel: string): void {
    const record = this.#records.get(channel);
    if (!record) return;
    record.used = ++this.#looks;
    this.#keeper.put(`channel/${channel}`, { ...record });
  }

  /** Drops the channels that were looked at longest ago, beyond the maxima. */
  async #makeRoom(keep: string): Promise<void> {
    const isFull = () =>
      this.#records.size > limits.CACHED_CHANNELS_MAX || this.#count() > this.#eventsMax;
    while (isFull() && this.#records.size > 1) {
      const others = [...this.#records].filter(([channel]) => channel !== keep);
      const oldest = others.reduce((one, other) => (one[1].used < other[1].used ? one : other));
      await this.forget(oldest[0]);
    }
  }

  #count(): number {
    return [...this.#records.values()].reduce((all, { count }) => all + count, 0);
  }

  /** Does something once all that is under way with a channel is done. */
  #locked<T>(channel: string, work: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(channel) ?? Promise.resolve();
    const after = before.then(work, work);
    const settled = after.catch(() => undefined).then(() => {
      if (this.#locks.get(channel) === settled) this.#locks.delete(channel);
    });
    this.#locks.set(channel, settled);
    return after;
  }
}

/** From where to where nothing is missing, once a page is held. */
function rangeOf(ranges: KnownRange[], query: Lacking, page: Page): KnownRange | undefined {
  const first = page.events[0]?.id;
  const last = page.events.at(-1)?.id;
  let from = page.more_before ? first : BEGINNING;
  let to = page.more_after ? last && behind(last) : LIVE;
  // The place itself joins the page to what is held of it.
  if (query.before !== undefined) to = query.before;
  if (query.after !== undefined) {
    from = covering(ranges, query.after) ? behind(query.after) : first;
  }
  return from === undefined || to === undefined ? undefined : [from, to];
}

function shown(
  rows: CachedEvent[], kept: number | undefined, now: number,
): Pick<HistoryPage, "events" | "delivered"> {
  const delivered = rows.flatMap((row) => (row.delivered ? [row.delivered] : []));
  const events = rows.map((row) => row.event);
  const aged = kept === undefined ? events : events.map((event) => applyAge(event, kept, now));
  return { events: aged, delivered };
}

function withDelivered(event: ChannelEvent, delivered?: DeliveredFrame): CachedEvent {
  return delivered ? { event, delivered } : { event };
}

/** Counts grow, and a message that is final stays so: an older notice changes nothing. */
export function further(held: DeliveredFrame | undefined, came: DeliveredFrame): DeliveredFrame {
  if (!held || held.of !== came.of) return came;
  const isOlder = came.organisations < held.organisations || (held.final && !came.final);
  return isOlder ? held : came;
}
