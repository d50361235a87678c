import { eventKey } from "./cache-reader.js";
import type { Keeper } from "./keeper.js";
import { CACHED_EVENTS_OF_CHANNEL_MAX, CACHED_RANGES_MAX } from "./limits.js";
import { BEGINNING, LIVE, clipped, type KnownRange } from "./ranges.js";

/** What is held of a channel. */
export interface ChannelRecord {
  ranges: KnownRange[];
  /** How many events. */
  count: number;
  /** When it was looked at: larger is later. */
  used: number;
  /** After how many seconds texts are erased, where they are. */
  kept?: number | undefined;
  /** Whether its beginning is where the account may read from. */
  limited?: boolean;
}

/**
 * Drops events of a channel that holds too many, a tenth at once, at the end that is farther from
 * where somebody looks; and its oldest stretches, where there are too many.
 */
export async function trimChannel(
  keeper: Keeper, channel: string, record: ChannelRecord, near: string,
): Promise<void> {
  const surplusRanges = record.ranges.length - CACHED_RANGES_MAX;
  if (surplusRanges > 0) {
    const [from] = record.ranges[surplusRanges] as KnownRange;
    await drop(keeper, channel, record, { from: BEGINNING, to: from });
  }
  if (record.count <= CACHED_EVENTS_OF_CHANNEL_MAX) return;
  const limit = Math.ceil(CACHED_EVENTS_OF_CHANNEL_MAX / 10);
  const all = { from: eventKey(channel, BEGINNING), to: eventKey(channel, LIVE) };
  const lowest = await keeper.range({ ...all, limit: limit + 1 });
  const highest = await keeper.range({ ...all, limit: limit + 1, reverse: true });
  const idOf = (row: [string, unknown] | undefined) => row?.[0].split("/")[2] ?? "";
  const isNearBeginning = near <= idOf(lowest.at(-1));
  if (isNearBeginning) {
    await drop(keeper, channel, record, { from: idOf(highest.at(-2)), to: LIVE });
  } else {
    await drop(keeper, channel, record, { from: BEGINNING, to: idOf(lowest.at(-1)) });
  }
}

async function drop(
  keeper: Keeper, channel: string, record: ChannelRecord, range: { from: string; to: string },
): Promise<void> {
  const { from, to } = range;
  const keys = { from: eventKey(channel, from), to: eventKey(channel, to) };
  for (const [key] of await keeper.range(keys)) {
    keeper.put(key, undefined);
    record.count -= 1;
  }
  const below = clipped(record.ranges, BEGINNING, from);
  const above = clipped(record.ranges, to, LIVE);
  record.ranges = [...below, ...above];
}
