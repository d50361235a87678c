// Which stretches of a channel are known without a gap. Pure. A range is half open, from the
// first id that is in it to the first that is not; ids are compared as text.

/** `[from, to)`: every event with an id in it is known. */
export type KnownRange = [from: string, to: string];

/** Before every id: the range goes back to the channel's beginning. */
export const BEGINNING = "";
/** Behind every id: what is new comes live. */
export const LIVE = "~";

/** The place right behind an id: no other id lies between them, as ids are of equal length. */
export function behind(id: string): string {
  return `${id}!`;
}

/** The range that an id lies in. */
export function covering(ranges: KnownRange[], id: string): KnownRange | undefined {
  return ranges.find(([from, to]) => from <= id && id < to);
}

/** The range in which what is right before a place is known. */
export function reachingUpTo(ranges: KnownRange[], place: string): KnownRange | undefined {
  return ranges.find(([from, to]) => from < place && place <= to);
}

/** The ranges with another one, joined with those that it touches; sorted. */
export function withRange(ranges: KnownRange[], added: KnownRange): KnownRange[] {
  let [from, to] = added;
  if (from >= to) return ranges;
  const apart: KnownRange[] = [];
  for (const range of ranges) {
    if (range[1] < from || to < range[0]) apart.push(range);
    else {
      if (range[0] < from) from = range[0];
      if (range[1] > to) to = range[1];
    }
  }
  apart.push([from, to]);
  return apart.sort(([one], [other]) => (one < other ? -1 : 1));
}

/** What of the ranges lies in `[from, to)`. */
export function clipped(ranges: KnownRange[], from: string, to: string): KnownRange[] {
  const inside = ranges.map(([first, end]): KnownRange => [
    first > from ? first : from,
    end < to ? end : to,
  ]);
  return inside.filter(([first, end]) => first < end);
}
