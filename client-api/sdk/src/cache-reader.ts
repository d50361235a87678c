// Reads pages out of the cache, and says what is lacking. It neither fetches nor writes.
import type { Keeper } from "./keeper.js";
import { BEGINNING, LIVE, behind, covering, reachingUpTo, type KnownRange } from "./ranges.js";
import type { Place } from "./session-types.js";
import type { ChannelEvent, DeliveredFrame } from "./types.js";

/** What is held of an event. */
export interface CachedEvent {
  event: ChannelEvent;
  delivered?: DeliveredFrame;
}

/** What to ask of the node. */
export interface Lacking {
  before?: string;
  after?: string;
  around?: string;
  date?: string;
}

/** A page as far as the cache has it. */
export interface CachedPage {
  rows: CachedEvent[];
  moreBefore: boolean;
  moreAfter: boolean;
  /** What has to be asked for before it is whole. */
  lacking?: Lacking;
}

/** The key of an event in the store. */
export function eventKey(channel: string, id: string): string {
  return `event/${channel}/${id}`;
}

/** The page at a place, from the ranges that are known. */
export async function readPage(
  keeper: Keeper, channel: string, ranges: KnownRange[], place: Place, limit: number,
): Promise<CachedPage> {
  const reader = new Reader(keeper, channel, ranges);
  switch (place.at) {
    case "latest":
      return reader.latest(limit);
    case "before":
      return reader.before(place.id, limit);
    case "after":
      return reader.after(place.id, limit);
    case "around":
      return reader.around(place.id, limit);
    case "date":
      // Ids are opaque, so that only the node knows where a date is.
      return nothing({ date: place.date });
  }
}

function nothing(lacking: Lacking): CachedPage {
  return { rows: [], moreBefore: true, moreAfter: true, lacking };
}

class Reader {
  constructor(
    readonly keeper: Keeper, readonly channel: string, readonly ranges: KnownRange[],
  ) {}

  async latest(limit: number): Promise<CachedPage> {
    const range = this.ranges.find(([, to]) => to === LIVE);
    if (!range) return nothing({});
    return { ...(await this.#upTo(range, LIVE, limit, {})), moreAfter: false };
  }

  async before(id: string, limit: number): Promise<CachedPage> {
    const range = reachingUpTo(this.ranges, id);
    return range ? this.#upTo(range, id, limit, { before: id }) : nothing({ before: id });
  }

  async after(id: string, limit: number): Promise<CachedPage> {
    const range = covering(this.ranges, behind(id));
    if (!range) return nothing({ after: id });
    const rows = await this.#rows(behind(id), range[1], limit + 1, false);
    const moreAfter = rows.length > limit || range[1] !== LIVE;
    const page = { rows: rows.slice(0, limit), moreBefore: true, moreAfter };
    if (rows.length >= limit) return page;
    const last = rows.at(-1)?.event.id ?? id;
    return page.moreAfter ? { ...page, lacking: { after: last } } : page;
  }

  async around(id: string, limit: number): Promise<CachedPage> {
    const held = covering(this.ranges, id)
      && (await this.keeper.get(eventKey(this.channel, id))) as CachedEvent | undefined;
    if (!held) return nothing({ around: id });
    const half = Math.floor((limit - 1) / 2);
    const older = await this.before(id, limit - 1 - half);
    const newer = await this.after(id, half);
    const rows = [...older.rows, held, ...newer.rows];
    const lacking = older.lacking ?? newer.lacking;
    const page = { rows, moreBefore: older.moreBefore, moreAfter: newer.moreAfter };
    return lacking ? { ...page, lacking } : page;
  }

  /** The newest rows of a range before a place in it. */
  async #upTo(
    range: KnownRange, place: string, limit: number, unknown: Lacking,
  ): Promise<CachedPage> {
    const found = await this.#rows(range[0], place, limit + 1, true);
    const rows = found.slice(0, limit).reverse();
    const moreBefore = found.length > limit || range[0] !== BEGINNING;
    const page = { rows, moreBefore, moreAfter: true };
    if (found.length >= limit || !moreBefore) return page;
    const oldest = rows[0]?.event.id;
    return { ...page, lacking: oldest === undefined ? unknown : { before: oldest } };
  }

  async #rows(from: string, to: string, limit: number, reverse: boolean) {
    const key = (place: string) => eventKey(this.channel, place);
    const range = { from: key(from), to: key(to), limit, reverse };
    const found = await this.keeper.range(range);
    return found.map(([, value]) => value as CachedEvent);
  }
}
