// What this device has written and the node has not taken yet.
import { computed, effect, signal } from "@preact/signals";
import type { LocalMessage } from "comity-sdk";
import { whileSignedIn } from "./account.js";

/** All that is not stored, oldest first; another array after each change. */
export const outbox = signal<readonly LocalMessage[]>([]);
const waiting = computed(() =>
  outbox.value.filter((each) => each.state === "queued" || each.state === "sent"));
export const outboxCount = computed(() => waiting.value.length);

/** Texts that this page alone has: it is not closed unasked. */
const areHeldHere = computed(() => waiting.value.some((each) => !each.kept));
const ask = (event: BeforeUnloadEvent) => event.preventDefault();
effect(() => {
  if (!areHeldHere.value) return;
  addEventListener("beforeunload", ask);
  return () => removeEventListener("beforeunload", ask);
});

whileSignedIn(({ session }) => {
  const read = () => {
    outbox.value = session.outbox().map((each) => ({ ...each }));
  };
  const ends = [
    session.on("outbox", read),
    session.on("discarded", read),
    session.on("state", read),
  ];
  return () => {
    for (const end of ends) end();
    outbox.value = [];
  };
});
