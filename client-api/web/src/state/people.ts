// What accounts show of themselves, asked for as they come into sight and kept for offline.
import { signal, type Signal } from "@preact/signals";
import type { Profile } from "comity-sdk";
import { nameOf } from "../text/accounts.js";
import { whileSignedIn, type SignedIn } from "./account.js";

/** One account: `profile` once it is known, `picture` as a URL of its image. */
export interface Person {
  account: string;
  profile: Profile | undefined;
  picture: string | undefined;
}

const KEPT = "app/people";
const KEPT_MAX = 500;
const ASKED_AT_ONCE_MAX = 100;
const ASK_AFTER_MS = 40;
const KEEP_AFTER_MS = 3_000;

const people = new Map<string, Signal<Person>>();
let book: PeopleBook | undefined;

/** An account as a signal: what reads it is drawn again when more is known. */
export function person(account: string): Signal<Person> {
  const held = people.get(account);
  if (held) return held;
  const made = signal<Person>({ account, profile: undefined, picture: undefined });
  people.set(account, made);
  book?.want(account);
  return made;
}

/** How an account is called: its display name, else the name in its address. */
export function displayName(account: string): string {
  return person(account).value.profile?.display_name ?? nameOf(account);
}

/** Takes profiles that came some other way, such as from the directory. */
export function learn(profiles: Profile[]): void {
  for (const profile of profiles) book?.learn(profile);
}

/** Asks anew, as after a change of the own profile. */
export function askAgain(account: string): void {
  person(account);
  book?.want(account);
}

whileSignedIn((me) => {
  const mine = new PeopleBook(me);
  book = mine;
  void mine.start();
  const ends = [
    me.session.on("profile_changed", () => mine.want(me.account)),
    me.session.on("state", ({ status }) => status === "online" && mine.askSoon()),
  ];
  return () => {
    for (const end of ends) end();
    mine.close();
    people.clear();
    book = undefined;
  };
});

class PeopleBook {
  readonly #wanted = new Set<string>();
  #asking: ReturnType<typeof setTimeout> | undefined;
  #keeping: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly me: SignedIn) {}

  async start(): Promise<void> {
    const kept = await this.me.store.get(KEPT).catch(() => undefined) as Profile[] | undefined;
    for (const profile of kept ?? []) this.#set(profile);
    for (const account of people.keys()) this.want(account);
    this.want(this.me.account);
  }

  close(): void {
    clearTimeout(this.#asking);
    clearTimeout(this.#keeping);
    for (const { value } of people.values()) {
      if (value.picture) URL.revokeObjectURL(value.picture);
    }
  }

  want(account: string): void {
    if (!account.includes("@")) return;
    this.#wanted.add(account);
    this.askSoon();
  }

  askSoon(): void {
    clearTimeout(this.#asking);
    if (this.#wanted.size) this.#asking = setTimeout(() => void this.#ask(), ASK_AFTER_MS);
  }

  learn(profile: Profile): void {
    this.#set(profile);
    this.#keepSoon();
  }

  async #ask(): Promise<void> {
    const accounts = [...this.#wanted].slice(0, ASKED_AT_ONCE_MAX);
    const found = await this.me.client.api.people.profiles(accounts).catch(() => undefined);
    // Without an answer they stay wanted until there is a connection again.
    if (!found) return;
    for (const account of accounts) this.#wanted.delete(account);
    for (const profile of found) if (!profile.error) this.learn(profile);
    this.askSoon();
  }

  #set(profile: Profile): void {
    const held = person(profile.account);
    const isSame = held.peek().profile?.avatar === profile.avatar;
    held.value = { ...held.peek(), profile };
    if (profile.avatar && !(isSame && held.peek().picture)) void this.#picture(profile.account);
    if (!profile.avatar) held.value = { ...held.peek(), picture: undefined };
  }

  async #picture(account: string): Promise<void> {
    const found = await this.me.client.api.people.avatar(account).catch(() => undefined);
    if (!(found instanceof Blob)) return;
    const held = person(account);
    const before = held.peek().picture;
    held.value = { ...held.peek(), picture: URL.createObjectURL(found) };
    if (before) URL.revokeObjectURL(before);
  }

  #keepSoon(): void {
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => {
      const known = [...people.values()].flatMap(({ value }) => value.profile ?? []);
      const value = known.slice(-KEPT_MAX);
      void this.me.store.write([{ key: KEPT, value }]).catch(() => undefined);
    }, KEEP_AFTER_MS);
  }
}
