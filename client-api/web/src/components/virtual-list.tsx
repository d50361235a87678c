// A list of any length of which only what is in sight is in the page. Rows have any height: it is
// guessed until they are drawn, then measured. What the reader looks at stays where it is while
// rows come and go above it, grow, or are measured for the first time.
import { Component, createRef, type ComponentChildren } from "preact";

/** How far beyond the window rows are drawn; at first only as much as a guess may be wrong. */
const BEYOND_PX = 700;
const BEYOND_FIRST_PX = 150;
/** Two frames, in which the first rows are painted. */
const WIDEN_AFTER_MS = 34;
/** So near an end more is asked for. */
const EDGE_PX = 1_600;
/** So near counts as at the end. */
const END_PX = 24;
/** Rounds of drawing and measuring after which it is good enough. */
const ROUNDS_MAX = 8;
/** Heights of rows that are gone are kept for a while: they may come again. */
const HEIGHTS_SPARE = 500;

interface Keyed {
  key: string;
}

interface Props<T extends Keyed> {
  /** Where the list puts itself, for who moves it. */
  handle: { current: VirtualList<T> | null };
  items: readonly T[];
  label: string;
  /** How high a row will be, about. */
  guess: (item: T) => number;
  draw: (item: T) => ComponentChildren;
  /** Stays at the end when rows are added there, if it was at the end. */
  followsEnd: boolean;
  /** Near an end: more is wanted. */
  onEdge: (edge: "first" | "last") => void;
  /** What is in sight has changed. */
  onSight: (sight: Sight<T>) => void;
}

export interface Sight<T> {
  first: T | undefined;
  last: T | undefined;
  isAtEnd: boolean;
}

/** Where the window stands: at the end, or with a row so far below its upper edge. */
type Anchor = "end" | { key: string; top: number };

/** The rows that are drawn. */
interface Drawn {
  from: number;
  to: number;
}

export class VirtualList<T extends Keyed> extends Component<Props<T>, Drawn> {
  override state = { from: 0, to: 0 };
  readonly #scroller = createRef<HTMLDivElement>();
  readonly #before = createRef<HTMLDivElement>();
  readonly #after = createRef<HTMLDivElement>();
  readonly #heights = new Map<string, number>();
  readonly #rows = new Map<string, HTMLElement>();
  readonly #watch = new ResizeObserver(() => this.#settle());
  /** The items that have been given places. */
  #placed: readonly T[] = [];
  #offsets: number[] = [0];
  #places = new Map<string, number>();
  #anchor: Anchor = "end";
  #rounds = 0;
  /** Where the window was put last by this list itself, and where it was seen last. */
  #set = -1;
  #seen = 0;
  #told = "";
  /** At first only what is in sight is drawn: it is there sooner. */
  #beyond = BEYOND_FIRST_PX;
  #widening: ReturnType<typeof setTimeout> | undefined;

  /** Brings a row into sight, at a part of the window's height; false where it is not there. */
  show(key: string, part = 0.3): boolean {
    const scroller = this.#scroller.current;
    if (!scroller || !this.#places.has(key)) return false;
    this.#anchor = { key, top: scroller.clientHeight * part };
    this.#seen = scroller.scrollTop;
    this.#rounds = 0;
    this.#settle();
    return true;
  }

  showEnd(): void {
    this.#anchor = "end";
    this.#seen = this.#scroller.current?.scrollTop ?? 0;
    this.#rounds = 0;
    this.#settle();
  }

  /** Scrolls by a part of the window's height. */
  page(part: number): void {
    const scroller = this.#scroller.current;
    scroller?.scrollBy({ top: scroller.clientHeight * part });
  }

  override componentDidMount(): void {
    this.props.handle.current = this;
    if (this.#scroller.current) this.#watch.observe(this.#scroller.current);
    this.#settle();
  }

  override componentDidUpdate(before: Props<T>): void {
    if (before.items !== this.props.items) this.#rounds = 0;
    this.#settle();
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#widening);
    this.#watch.disconnect();
  }

  render({ items, label, draw }: Props<T>, { from, to }: Drawn) {
    return (
      <div class="virtual" ref={this.#scroller} role="region" aria-label={label} tabIndex={0}
        onScroll={this.#scrolled} onClickCapture={this.#pressed}>
        <div ref={this.#before} />
        {items.slice(from, to).map((item) => (
          <div key={item.key} class="virtual-row" ref={this.#refOf(item.key)}>{draw(item)}</div>
        ))}
        <div ref={this.#after} />
      </div>
    );
  }

  readonly #refs = new Map<string, (element: HTMLElement | null) => void>();

  #refOf(key: string) {
    const held = this.#refs.get(key);
    if (held) return held;
    const made = (element: HTMLElement | null) => {
      const before = this.#rows.get(key);
      if (before) this.#watch.unobserve(before);
      if (element) {
        this.#rows.set(key, element);
        this.#watch.observe(element);
      } else {
        this.#rows.delete(key);
        this.#refs.delete(key);
      }
    };
    this.#refs.set(key, made);
    return made;
  }

  readonly #scrolled = () => {
    // What was set here is no wish of the reader's: the anchor stays.
    const top = this.#scroller.current?.scrollTop ?? 0;
    if (Math.abs(top - this.#set) >= 1) this.#note();
    this.#rounds = 0;
    this.#draw();
    this.#tell();
  };

  /** What opens out under the reader's hand grows downwards, also at the end of the list. */
  readonly #pressed = (event: Event) => {
    const target = event.target as Element;
    if (!target.closest("[aria-expanded]")) return;
    const [key, row] = [...this.#rows].find(([, each]) => each.contains(target)) ?? [];
    const top = this.#scroller.current?.getBoundingClientRect().top ?? 0;
    if (key && row) this.#anchor = { key, top: row.getBoundingClientRect().top - top };
  };

  /** Remembers what the reader looks at. */
  #note(): void {
    const scroller = this.#scroller.current;
    if (!scroller) return;
    const { scrollTop, clientHeight, scrollHeight } = scroller;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    const item = this.#placed[this.#at(scrollTop)];
    this.#seen = scrollTop;
    if ((isAtEnd && this.props.followsEnd) || !item) this.#anchor = "end";
    else this.#anchor = { key: item.key, top: this.#offsetOf(item.key) - scrollTop };
  }

  /** Measures what is drawn, puts the window back to its anchor, and draws what is lacking. */
  #settle(): void {
    const scroller = this.#scroller.current;
    if (!scroller) return;
    // The reader may have moved on, and the event that says so is still to come.
    if (Math.abs(scroller.scrollTop - this.#seen) >= 1) this.#note();
    for (const [key, element] of this.#rows) {
      this.#heights.set(key, element.getBoundingClientRect().height);
    }
    this.#place();
    this.#pad();
    const wanted = this.#wanted(scroller);
    if (wanted !== undefined && Math.abs(scroller.scrollTop - wanted) > 0.5) {
      scroller.scrollTop = wanted;
      this.#set = scroller.scrollTop;
    }
    this.#seen = scroller.scrollTop;
    const isAtEnd = this.#total - scroller.scrollTop - scroller.clientHeight < 1;
    if (isAtEnd && this.props.followsEnd) this.#anchor = "end";
    this.#draw(wanted);
    this.#tell();
    if (this.props.items.length > 1) this.#widen();
  }

  /** Once the first rows have been painted, those beyond the window are drawn too. */
  #widen(): void {
    if (this.#widening !== undefined) return;
    this.#widening = setTimeout(() => requestAnimationFrame(() => {
      this.#beyond = BEYOND_PX;
      this.#rounds = 0;
      this.#settle();
    }), WIDEN_AFTER_MS);
  }

  #place(): void {
    const { items, guess } = this.props;
    const offsets = [0];
    const places = new Map<string, number>();
    items.forEach((item, index) => {
      places.set(item.key, index);
      offsets.push((offsets[index] ?? 0) + (this.#heights.get(item.key) ?? guess(item)));
    });
    // Heights of rows that have gone from the list would pile up as somebody scrolls on.
    if (this.#heights.size > 2 * items.length + HEIGHTS_SPARE) {
      for (const key of this.#heights.keys()) if (!places.has(key)) this.#heights.delete(key);
    }
    this.#placed = items;
    this.#offsets = offsets;
    this.#places = places;
  }

  #pad(): void {
    const [first, last] = [this.#before.current, this.#after.current];
    if (!first || !last) return;
    const to = Math.min(this.state.to, this.props.items.length);
    first.style.height = `${this.#offsets[Math.min(this.state.from, to)] ?? 0}px`;
    last.style.height = `${this.#total - (this.#offsets[to] ?? 0)}px`;
  }

  get #total(): number {
    return this.#offsets.at(-1) ?? 0;
  }

  #offsetOf(key: string): number {
    return this.#offsets[this.#places.get(key) ?? 0] ?? 0;
  }

  #wanted(scroller: HTMLElement): number | undefined {
    const most = Math.max(0, this.#total - scroller.clientHeight);
    if (this.#anchor === "end") return most;
    if (!this.#places.has(this.#anchor.key)) return undefined;
    return Math.min(most, Math.max(0, this.#offsetOf(this.#anchor.key) - this.#anchor.top));
  }

  /** The row at a height. */
  #at(top: number): number {
    let [low, high] = [0, this.#offsets.length - 1];
    while (low < high - 1) {
      const middle = (low + high) >> 1;
      if ((this.#offsets[middle] ?? 0) <= top) low = middle;
      else high = middle;
    }
    return low;
  }

  #draw(top = this.#scroller.current?.scrollTop ?? 0): void {
    const height = this.#scroller.current?.clientHeight ?? 0;
    const from = this.#at(Math.max(0, top - this.#beyond));
    const to = Math.min(this.#at(top + height + this.#beyond) + 1, this.props.items.length);
    if (from === this.state.from && to === this.state.to) return;
    if ((this.#rounds += 1) > ROUNDS_MAX) return;
    this.setState({ from, to });
  }

  #tell(): void {
    const scroller = this.#scroller.current;
    const { items, onEdge, onSight } = this.props;
    if (!scroller || !items.length) return;
    const { scrollTop, clientHeight } = scroller;
    const bottom = scrollTop + clientHeight;
    if (scrollTop < EDGE_PX) onEdge("first");
    if (this.#total - bottom < EDGE_PX) onEdge("last");
    const [first, last] = [items[this.#at(scrollTop)], items[this.#at(bottom - 1)]];
    const isAtEnd = this.#total - bottom < END_PX;
    const told = `${first?.key} ${last?.key} ${isAtEnd}`;
    if (told === this.#told) return;
    this.#told = told;
    onSight({ first, last, isAtEnd });
  }
}
