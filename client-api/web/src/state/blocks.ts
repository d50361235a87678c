// Whom the account has blocked.
import { signal } from "@preact/signals";
import { whileSignedIn } from "./account.js";

export const blocked = signal<ReadonlySet<string>>(new Set());

let load: () => Promise<void> = async () => {};

/** Asks anew, as after a change: no event tells of one. */
export function reloadBlocks(): Promise<void> {
  return load();
}

whileSignedIn(({ client, session }) => {
  load = async () => {
    const list = await client.api.people.blocks().catch(() => undefined);
    if (list) blocked.value = new Set(list.map(({ account }) => account));
  };
  const end = session.on("state", ({ status }) => void (status === "online" && load()));
  return () => {
    end();
    load = async () => {};
    blocked.value = new Set();
  };
});
