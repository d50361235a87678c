import {
  applyEffect, applyReply, better, changesSight, standsInHistory, targetOf,
} from "./apply.js";
import { further } from "./cache.js";
import { PAGE_DEFAULT, PENDING_AGAIN_MS, TIMELINE_MAX } from "./limits.js";
import type { HistoryPage, LiveSession, LocalMessage, Place } from "./session-types.js";
import type { TimelineItem, TimelineView } from "./timeline-types.js";
import type { ChannelEvent, DeliveredFrame, EventFrame } from "./types.js";

/** An item, and the notice that it shows. */
interface Row {
  event: ChannelEvent;
  delivered?: DeliveredFrame | undefined;
}

const EMPTY: TimelineView = {
  items: [], local: [], hasBefore: true, hasAfter: true, pending: false, limited: false,
  loading: false,
};

/** What a screen shows of a channel: a stretch of its history that is kept up to date. */
export class Timeline {
  readonly channel: string;
  readonly #session: LiveSession;
  readonly #ends: (() => void)[];
  readonly #listeners = new Set<(view: TimelineView) => void>();
  #view: TimelineView = EMPTY;
  #rows: Row[] = [];
  readonly #local = new Map<string, LocalMessage>();
  /** What came live while a page was read. */
  #missed: EventFrame[] = [];
  /** Pages are read one after the other. */
  #reading: Promise<unknown> = Promise.resolve();
  #again: ReturnType<typeof setTimeout> | undefined;
  #isShown = false;
  /** What is shown should have been read anew, and could not be. */
  #isStale = false;
  #isClosed = false;

  constructor(session: LiveSession, channel: string) {
    this.#session = session;
    this.channel = channel;
    this.#ends = [
      session.on("event", (frame) => void this.#take(frame)),
      session.on("delivered", (frame) => void this.#delivered(frame)),
      session.on("history_grew", (frame) => void (frame.channel === channel && this.#reload())),
      session.on("outbox", (message) => this.#note(message)),
      session.on("discarded", ({ key }) => this.#forget((message) => message.key === key)),
      session.on("resync", () => {
        // Their events may have been in the gap.
        this.#forget(({ state }) => state === "stored");
        void this.#reload();
      }),
      session.on("state", ({ status }) => void (status === "online" && this.#refresh())),
    ];
  }

  /** What is shown now; another object after each change. */
  get view(): TimelineView {
    return this.#view;
  }

  /** Told after each change of {@link view}; the answer ends it. */
  onChange(listener: (view: TimelineView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Shows the newest events. */
  latest(limit = PAGE_DEFAULT): Promise<void> {
    return this.#show({ at: "latest" }, limit);
  }

  /** Shows an event with half of `limit` before and half after it. */
  around(id: string, limit = PAGE_DEFAULT): Promise<void> {
    return this.#show({ at: "around", id }, limit);
  }

  /** Shows what was said from a day (`2026-11-23`) or time on. */
  date(date: string, limit = PAGE_DEFAULT): Promise<void> {
    return this.#show({ at: "date", date }, limit);
  }

  /** Adds older events; how many. */
  before(limit = PAGE_DEFAULT): Promise<number> {
    return this.#read(async () => {
      const id = this.#rows[0]?.event.id;
      if (id === undefined || !this.#view.hasBefore) return 0;
      const page = await this.#session.page(this.channel, { at: "before", id }, limit);
      const added = rowsOf(page).filter((row) => row.event.id < id);
      const rows = [...added, ...this.#rows];
      const isTooMany = rows.length > TIMELINE_MAX;
      this.#set(rows.slice(0, TIMELINE_MAX), {
        hasBefore: page.moreBefore,
        hasAfter: this.#view.hasAfter || isTooMany,
        pending: this.#view.pending || page.pending,
        limited: page.limited,
      });
      return added.length;
    });
  }

  /** Adds newer events; how many. */
  after(limit = PAGE_DEFAULT): Promise<number> {
    return this.#read(async () => {
      const id = this.#rows.at(-1)?.event.id;
      if (id === undefined || !this.#view.hasAfter) return 0;
      const page = await this.#session.page(this.channel, { at: "after", id }, limit);
      const added = rowsOf(page).filter((row) => row.event.id > id);
      const rows = [...this.#rows, ...added];
      const isTooMany = rows.length > TIMELINE_MAX;
      this.#set(rows.slice(-TIMELINE_MAX), {
        hasBefore: this.#view.hasBefore || isTooMany,
        hasAfter: page.moreAfter,
        pending: this.#view.pending || page.pending,
      });
      return added.length;
    });
  }

  /** Stops listening. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    for (const end of this.#ends.splice(0)) end();
    this.#listeners.clear();
  }

  #show(place: Place, limit: number): Promise<void> {
    this.#isShown = true;
    return this.#read(async () => {
      const page = await this.#session.page(this.channel, place, limit);
      const { moreBefore, moreAfter, pending, limited } = page;
      const flags = { hasBefore: moreBefore, hasAfter: moreAfter, pending, limited };
      for (const message of this.#session.outbox(this.channel)) {
        if (!this.#local.has(message.key)) this.#local.set(message.key, message);
      }
      this.#isStale = false;
      this.#set(rowsOf(page), flags);
    });
  }

  /** Reads what is shown anew, around its middle where it is not the end of the channel. */
  #reload(): Promise<void> {
    if (!this.#isShown) return Promise.resolve();
    const count = Math.max(this.#rows.length, PAGE_DEFAULT);
    const middle = this.#rows[Math.floor(this.#rows.length / 2)]?.event.id;
    const isAtEnd = !this.#view.hasAfter || middle === undefined;
    const place: Place = isAtEnd ? { at: "latest" } : { at: "around", id: middle };
    // What stood in the middle may be there no more.
    return this.#show(place, count)
      .catch(() => (isAtEnd ? undefined : this.#show({ at: "latest" }, PAGE_DEFAULT)))
      .catch(() => {
        this.#isStale = true;
      });
  }

  /** What is said once, and was not heard while there was no connection, is asked for. */
  async #refresh(): Promise<void> {
    const isOpen = ({ delivered }: Row) =>
      delivered && (delivered.organisations < delivered.of || !delivered.final);
    if (this.#isStale || this.#view.pending || this.#rows.some(isOpen)) await this.#reload();
  }

  /** Does a reading after those before it, and then what came live meanwhile. */
  #read<T>(work: () => Promise<T>): Promise<T> {
    const reading = this.#reading.then(async () => {
      this.#missed = [];
      this.#change({ loading: true });
      try {
        return await work();
      } finally {
        this.#change({ loading: false });
        for (const frame of this.#missed.splice(0)) this.#apply(frame.event);
      }
    });
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  #note(message: LocalMessage): void {
    if (message.channel !== this.channel) return;
    const isFirst = !this.#local.has(message.key);
    // One that was stored long ago is among the items, or would be.
    if (isFirst && message.state === "stored") return;
    // A text that is retried is the newest.
    if (this.#local.get(message.key)?.state === "refused") this.#local.delete(message.key);
    this.#local.set(message.key, message);
    this.#change({ local: [...this.#local.values()] });
  }

  #forget(test: (message: LocalMessage) => boolean): void {
    for (const [key, message] of this.#local) if (test(message)) this.#local.delete(key);
    if (this.#local.size === this.#view.local.length) return;
    this.#change({ local: [...this.#local.values()] });
  }

  #take(frame: EventFrame): void {
    if (frame.channel !== this.channel) return;
    const { id } = frame.event;
    const landed = [...this.#local.values()].find((message) => message.id === id);
    if (landed) this.#local.delete(landed.key);
    if (this.#isShown) this.#takeShown(frame);
    if (this.#local.size !== this.#view.local.length) this.#change({});
  }

  #takeShown(frame: EventFrame): void {
    if (changesSight(frame.event, this.#session.account)) void this.#reload();
    else if (this.#view.loading) this.#missed.push(frame);
    this.#apply(frame.event);
  }

  #apply(event: ChannelEvent): void {
    const withdrawn = event.withdrawn ?? [];
    const rows = this.#rows.filter((row) => !withdrawn.includes(row.event.id));
    const target = targetOf(event);
    if (target !== undefined) return this.#setChanged(changed(rows, target, applyEffect, event));
    if (!standsInHistory(event, this.#session.account)) return this.#setChanged(rows);
    const at = rows.findIndex((row) => row.event.id >= event.id);
    const index = at < 0 ? rows.length : at;
    const held = rows[index];
    if (held?.event.id === event.id) {
      rows[index] = { ...held, event: better(held.event, event) };
      return this.#setChanged(rows);
    }
    const thread = event.kind === "message" ? event.thread : undefined;
    const replied = thread === undefined ? rows : changed(rows, thread, applyReply, event);
    const isBeyond = (index === 0 && rows.length > 0 && this.#view.hasBefore)
      || (index === rows.length && this.#view.hasAfter);
    if (isBeyond) return this.#setChanged(replied);
    const whole = [...replied.slice(0, index), { event }, ...replied.slice(index)];
    this.#set(whole.slice(-TIMELINE_MAX), {
      hasBefore: this.#view.hasBefore || whole.length > TIMELINE_MAX,
    });
  }

  #delivered(frame: DeliveredFrame): void {
    if (frame.channel !== this.channel) return;
    const note = (row: Row) => ({ ...row, delivered: further(row.delivered, frame) });
    this.#setChanged(this.#rows.map((row) => (row.event.id === frame.id ? note(row) : row)));
  }

  #setChanged(rows: Row[]): void {
    const isSame = rows.length === this.#rows.length
      && rows.every((row, index) => row === this.#rows[index]);
    if (!isSame) this.#set(rows, {});
  }

  #set(rows: Row[], flags: Partial<TimelineView>): void {
    this.#rows = rows;
    this.#change({ ...flags, items: rows.map(itemOf) });
    clearTimeout(this.#again);
    if (!this.#view.pending || this.#isClosed) return;
    this.#again = setTimeout(() => void this.#reload(), PENDING_AGAIN_MS);
  }

  #change(change: Partial<TimelineView>): void {
    const { local } = this.#view;
    const isSame = local.length === this.#local.size;
    this.#view = { ...this.#view, local: isSame ? local : [...this.#local.values()], ...change };
    for (const listener of [...this.#listeners]) listener(this.#view);
  }
}

const items = new WeakMap<Row, TimelineItem>();

/** The item of a row: the same object as long as nothing changed, so that screens may compare. */
function itemOf(row: Row): TimelineItem {
  const { event, delivered } = row;
  const made = items.get(row) ?? { event, delivered: delivered ? count(delivered) : null };
  items.set(row, made);
  return made;
}

function count({ organisations, of, final = false }: DeliveredFrame) {
  return { organisations, of, final };
}

function rowsOf(page: HistoryPage): Row[] {
  const delivered = new Map(page.delivered.map((each) => [each.id, each]));
  return page.events.map((event) => ({ event, delivered: delivered.get(event.id) }));
}

function changed(
  rows: Row[], id: string, how: (held: ChannelEvent, event: ChannelEvent) => ChannelEvent,
  event: ChannelEvent,
): Row[] {
  return rows.map((row) => {
    if (row.event.id !== id) return row;
    const after = how(row.event, event);
    return after === row.event ? row : { ...row, event: after };
  });
}
