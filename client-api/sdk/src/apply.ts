// What one event does to another that is held. Pure: the cache and timelines share it.
import type { ChannelEvent, EventOf, Message, Reaction } from "./types.js";

/** Kinds that change another event and do not stand in history themselves. */
const EFFECTS: readonly string[] = ["erased", "edited", "reacted", "pinned"];
/** Kinds that are said to the account alone, and stand in no history. */
const PRIVATE: readonly string[] = ["contact", "request_refused"];

/** The message that an event changes. */
export function targetOf(event: ChannelEvent): string | undefined {
  return EFFECTS.includes(event.kind) && "message" in event ? event.message : undefined;
}

/** Whether an event has a place among others, for an account. */
export function standsInHistory(event: ChannelEvent, account: string): boolean {
  // One's own invitation is in the history under another id, that of its record at the home.
  const isOwnInvitation = event.kind === "invited" && event.account === account;
  return !EFFECTS.includes(event.kind) && !PRIVATE.includes(event.kind) && !isOwnInvitation;
}

/** Whether what the account may read of the channel is another from now on. */
export function changesSight(event: ChannelEvent, account: string): boolean {
  if (event.kind === "rule_changed") return event.history !== undefined;
  const kinds: readonly string[] = ["joined", "left", "removed", "banned"];
  return kinds.includes(event.kind) && "account" in event && event.account === account;
}

/** The message as it is after an event that changes it; the same object where nothing does. */
export function applyEffect(held: ChannelEvent, event: ChannelEvent): ChannelEvent {
  if (held.kind !== "message" || targetOf(event) !== held.id) return held;
  // What was erased stays erased.
  if (held.erased) return held;
  switch (event.kind) {
    case "erased":
      return erase(held);
    case "edited":
      return edit(held, event);
    case "pinned":
      return { ...held, pinned: event.on };
    case "reacted":
      return { ...held, reactions: react(held.reactions ?? [], event) };
    default:
      return held;
  }
}

/** A message that is older than texts are kept: no event tells of its erasure. */
export function applyAge(held: ChannelEvent, keptSeconds: number, nowMs: number): ChannelEvent {
  if (held.kind !== "message" || held.erased) return held;
  const isOld = Date.parse(held.time) < nowMs - keptSeconds * 1_000;
  return isOld ? { ...erase(held), by: "retention" } : held;
}

/** The first message of a thread after another one of the thread came. */
export function applyReply(held: ChannelEvent, reply: ChannelEvent): ChannelEvent {
  if (held.kind !== "message") return held;
  const last = held.replies?.last_time;
  // A copy that is newer than the feed has counted it already.
  if (last !== undefined && last >= reply.time) return held;
  const count = (held.replies?.count ?? 0) + 1;
  return { ...held, replies: { count, last_time: reply.time } };
}

/** Which of two copies of an event is held: one with a text is better than one without. */
export function better(held: ChannelEvent | undefined, came: ChannelEvent): ChannelEvent {
  if (held?.kind !== "message" || came.kind !== "message") return held ?? came;
  if (came.erased) return came;
  return held.text === null && !held.erased ? came : held;
}

function erase(held: Message): Message {
  const { id, time, sender, thread, replies, late } = held;
  const rest: Message = { id, time, sender, kind: "message", text: null, erased: true };
  if (thread !== undefined) rest.thread = thread;
  if (replies !== undefined) rest.replies = replies;
  if (late !== undefined) rest.late = late;
  return rest;
}

function edit(held: Message, event: EventOf<"edited">): Message {
  // Only its author's edits count, and not one that an even newer text has replaced.
  const isOlder = held.edited_time !== undefined && held.edited_time > event.time;
  if (event.sender !== held.sender || isOlder) return held;
  const edited: Message = { ...held, text: event.text, edited_time: event.time };
  delete edited.edited;
  delete edited.format;
  if (event.format !== undefined) edited.format = event.format;
  return edited;
}

function react(held: Reaction[], event: EventOf<"reacted">): Reaction[] {
  const { reaction, sender, on } = event;
  const found = held.find((each) => each.reaction === reaction);
  if (!found) return on ? [...held, { reaction, count: 1, accounts: [sender] }] : held;
  const had = found.accounts.includes(sender);
  // Of many accounts the first alone are named; then the count has to be believed.
  const isAmongUnnamed = !had && !on && found.count > found.accounts.length;
  if (had === on && !isAmongUnnamed) return held;
  const others = found.accounts.filter((account) => account !== sender);
  const accounts = on ? [...others, sender] : others;
  const changed = { reaction, count: found.count + (on ? 1 : -1), accounts };
  return held.map((each) => (each === found ? changed : each)).filter((each) => each.count > 0);
}
