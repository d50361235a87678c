// What was begun to be written, by channel and thread; kept over restarts until the log-out.
import { signal, type Signal } from "@preact/signals";
import { signedIn, whileSignedIn } from "./account.js";
import { keep, recall } from "./settings.js";

const DRAFT_MAX = 100_000;
const KEEP_AFTER_MS = 300;

const drafts = new Map<string, Signal<string>>();

/** What was begun in a channel, or in a thread of it. */
export function draftOf(channel: string, thread?: string): Signal<string> {
  const name = thread ? `${channel}/${thread}` : channel;
  const held = drafts.get(name);
  if (held) return held;
  const key = `draft:${signedIn.peek()?.device ?? ""}:${name}`;
  const made = signal((recall(key) ?? "").slice(0, DRAFT_MAX));
  drafts.set(name, made);
  let timer: ReturnType<typeof setTimeout> | undefined;
  made.subscribe((text) => {
    clearTimeout(timer);
    timer = setTimeout(() => keep(key, text || null), KEEP_AFTER_MS);
  });
  return made;
}

whileSignedIn(() => () => drafts.clear());
