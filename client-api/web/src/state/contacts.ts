// Whom the account knows, and who wants to be known.
import { computed, signal } from "@preact/signals";
import type { Contact } from "comity-sdk";
import { whileSignedIn } from "./account.js";

export const contacts = signal<Contact[]>([]);
/** Those who have asked, and were not answered yet. */
export const askers = computed(() =>
  contacts.value.filter(({ standing }) => standing === "asking"));

let load: () => Promise<void> = async () => {};

/** Asks for the list anew. */
export function reloadContacts(): Promise<void> {
  return load();
}

whileSignedIn(({ client, session }) => {
  load = async () => {
    const list = await client.api.people.contacts().catch(() => undefined);
    if (list) contacts.value = list;
  };
  const ends = [
    session.on("event", ({ event }) => void (event.kind === "contact" && load())),
    session.on("resync", () => void load()),
    session.on("state", ({ status }) => void (status === "online" && load())),
  ];
  return () => {
    for (const end of ends) end();
    load = async () => {};
    contacts.value = [];
  };
});
