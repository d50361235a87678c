// What this device has written and the node has not taken yet.
import { computed, signal } from "@preact/signals";
import type { LocalMessage } from "comity-sdk";
import { whileSignedIn } from "./account.js";

/** All that is not stored, oldest first; another array after each change. */
export const outbox = signal<readonly LocalMessage[]>([]);
export const outboxCount = computed(() =>
  outbox.value.filter((each) => each.state === "queued" || each.state === "sent").length);

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
