// What a timeline shows, row by row: days, the unread line, messages grouped by who wrote them.
import type { ChannelEvent, LocalMessage, TimelineItem } from "comity-sdk";
import { dayNumber } from "../text/format.js";

export type Row =
  | { is: "begin"; key: string }
  | { is: "more"; key: string }
  | { is: "day"; key: string; time: string }
  | { is: "line"; key: string }
  | { is: "message"; key: string; item: TimelineItem; isFirst: boolean }
  | { is: "note"; key: string; event: ChannelEvent }
  | { is: "local"; key: string; message: LocalMessage; isFirst: boolean };

/** Messages of one author within this time stand together. */
const TOGETHER_MS = 5 * 60_000;
/** A text that was sent and one that came, so near in time, are one. */
const SAME_MS = 60_000;

export interface RowsOf {
  items: readonly TimelineItem[];
  sending: readonly LocalMessage[];
  /** The unread line stands behind this message; `undefined` where there is none. */
  line: string | undefined;
  hasBefore: boolean;
  hasAfter: boolean;
  account: string;
}

/** Rows are the same objects as long as nothing changed, so that drawing may compare. */
export class RowMaker {
  readonly #made = new WeakMap<object, Row>();

  rows({ items, sending, line, hasBefore, hasAfter, account }: RowsOf): Row[] {
    const rows: Row[] = [hasBefore ? { is: "more", key: "more" } : { is: "begin", key: "begin" }];
    let [day, sender, time] = [NaN, "", 0];
    // Where what is unread begins further up than is loaded, no line is drawn in its middle.
    const isReached = !hasBefore || (items[0]?.event.id ?? "") <= (line ?? "");
    let isLineDue = line !== undefined && isReached;
    const step = (at: string, by: string, isMessage: boolean): boolean => {
      const date = new Date(at);
      const isNewDay = dayNumber(date) !== day;
      if (isNewDay) rows.push({ is: "day", key: `day ${dayNumber(date)} ${at}`, time: at });
      const isFirst = isNewDay || by !== sender || date.getTime() - time > TOGETHER_MS;
      [day, sender, time] = [dayNumber(date), isMessage ? by : "", date.getTime()];
      return isFirst;
    };
    for (const item of items) {
      const { event } = item;
      if (isLineDue && event.id > (line ?? "") && event.sender !== account && isShown(event)) {
        isLineDue = false;
        sender = "";
        rows.push({ is: "line", key: "line" });
      }
      if (event.kind === "message") {
        const isFirst = step(event.time, event.sender, true) || Boolean(event.reply_to);
        rows.push(this.#row(item, { is: "message", key: event.id, item, isFirst }));
      } else if (isShown(event)) {
        step(event.time, "", false);
        rows.push(this.#row(item, { is: "note", key: event.id, event }));
      }
    }
    if (hasAfter) return rows;
    for (const message of sending) {
      if (isHere(items, message, account)) continue;
      const isFirst = step(message.time, account, true);
      rows.push({ is: "local", key: message.key, message, isFirst });
    }
    return rows;
  }

  #row(item: TimelineItem, row: Row): Row {
    const held = this.#made.get(item);
    const isSame = held?.is === row.is
      && (held.is !== "message" || row.is !== "message" || held.isFirst === row.isFirst);
    if (held && isSame) return held;
    this.#made.set(item, row);
    return row;
  }
}

/** Kinds that say something to a reader. */
export function isShown(event: ChannelEvent): boolean {
  return !["reacted", "pinned", "edited", "erased", "contact"].includes(event.kind);
}

/** Its event has come, and the answer to the sending not yet. */
function isHere(items: readonly TimelineItem[], local: LocalMessage, account: string): boolean {
  if (local.id && items.some(({ event }) => event.id === local.id)) return true;
  const from = new Date(local.time).getTime() - SAME_MS;
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const event = items[at]?.event;
    if (!event || new Date(event.time).getTime() < from) return false;
    if (event.kind === "message" && event.sender === account && event.text === local.text
      && local.state === "sent" && event.time >= local.time.slice(0, 19)) return true;
  }
  return false;
}

/** About how high a row is. */
export function guessHeight(row: Row): number {
  switch (row.is) {
    case "begin":
      return 160;
    case "message": {
      const { event } = row.item;
      const text = event.kind === "message" ? event.text ?? "" : "";
      const lines = Math.min(40, Math.ceil(text.length / 90) + text.split("\n", 41).length - 1);
      return 8 + Math.max(1, lines) * 22 + (row.isFirst ? 32 : 0);
    }
    case "local":
      return row.isFirst ? 62 : 30;
    case "day":
      return 48;
    default:
      return 32;
  }
}
