// How accounts are, and how this device says that its user is.
import { signal, type Signal } from "@preact/signals";
import type { Presence } from "comity-sdk";
import { whileSignedIn, type SignedIn } from "./account.js";
import { keep, recall } from "./settings.js";

const IDLE_AFTER_MS = 5 * 60_000;
const LOOK_EVERY_MS = 30_000;
const NOTED_EVERY_MS = 10_000;
const ASKED_AT_ONCE_MAX = 100;

const known = new Map<string, Signal<Presence | undefined>>();
/** What the user has chosen for this device; `online` turns to away by itself. */
export const chosenState = signal<"online" | "away" | "busy">("online");

/** How an account is; `undefined` where nothing was said yet. */
export function presenceOf(account: string): Signal<Presence | undefined> {
  const held = known.get(account) ?? signal<Presence | undefined>(undefined);
  known.set(account, held);
  return held;
}

let asker: ((accounts: string[]) => void) | undefined;

/** Asks about accounts of which nothing was told: a tab that came later hears changes only. */
export function askPresence(accounts: string[]): void {
  asker?.(accounts);
}

whileSignedIn((me) => {
  asker = (accounts) => void ask(me, accounts);
  const watch = new IdleWatch(me);
  const ends = [
    me.session.on("presence", ({ reset, presences }) => {
      if (reset) for (const held of known.values()) held.value = offline(held.peek());
      for (const each of presences) presenceOf(each.account).value = each;
    }),
    me.session.on("state", ({ status }) => {
      if (status === "online") return watch.say();
      for (const held of known.values()) held.value = undefined;
    }),
  ];
  return () => {
    for (const end of ends) end();
    watch.close();
    known.clear();
    asker = undefined;
  };
});

/** Who may not be seen stays unknown: the node tells of him neither this nor that. */
function offline(before: Presence | undefined): Presence | undefined {
  if (!before || before.state === "unknown") return before;
  return { account: before.account, state: "offline" };
}

async function ask(me: SignedIn, accounts: string[]): Promise<void> {
  const unknown = accounts.filter((account) => !presenceOf(account).peek());
  const wanted = unknown.slice(0, ASKED_AT_ONCE_MAX);
  if (!wanted.length) return;
  const found = await me.client.api.people.presence(wanted).catch(() => []);
  for (const each of found) presenceOf(each.account).value ??= each;
}

/** Says that the user is away when no tab of this browser saw him do anything for a while. */
class IdleWatch {
  #said: string | undefined;
  #noted = Date.now();
  readonly #timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  readonly #listen = () => this.#active();
  readonly #end: () => void;

  constructor(readonly me: SignedIn) {
    for (const name of ["keydown", "pointerdown", "focus"]) addEventListener(name, this.#listen);
    this.#end = chosenState.subscribe(() => this.look());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#end();
    for (const name of ["keydown", "pointerdown", "focus"]) removeEventListener(name, this.#listen);
  }

  /** After a connection all of it is said anew. */
  say(): void {
    this.#said = undefined;
    this.look();
  }

  look(): void {
    const last = Math.max(this.#noted, Number(recall("active") ?? 0));
    const isIdle = Date.now() - last > IDLE_AFTER_MS;
    const state = chosenState.peek() === "online" && isIdle ? "away" : chosenState.peek();
    if (state === this.#said || this.me.session.state.status !== "online") return;
    this.#said = state;
    this.me.session.presence({ state });
  }

  #active(): void {
    if (Date.now() - this.#noted < NOTED_EVERY_MS) return;
    this.#noted = Date.now();
    keep("active", String(this.#noted));
    this.look();
  }
}
