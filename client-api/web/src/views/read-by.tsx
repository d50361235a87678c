// Who has read up to a message: small pictures at its edge.
import { computed, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import { t } from "../i18n/index.js";
import { useConversation } from "./conversation.js";

const SHOWN_MAX = 4;

type ByMessage = ReadonlySignal<ReadonlyMap<string, string[]>>;
const readers = new WeakMap<Conversation, ByMessage>();

export function ReadBy({ id }: { id: string }) {
  const all = readersOf(useConversation());
  const here = useMemo(() => computed(() => all.value.get(id)?.join(" ") ?? ""), [all, id]).value;
  if (!here) return null;
  const accounts = here.split(" ");
  const label = t("message.readBy", { names: accounts.map(displayName).join(", ") });
  return (
    <span class="read-by" role="img" aria-label={label} title={label}>
      {accounts.slice(0, SHOWN_MAX).map((each) => <Avatar key={each} account={each} size={18} />)}
      {accounts.length > SHOWN_MAX && <small>+{accounts.length - SHOWN_MAX}</small>}
    </span>
  );
}

/** By the newest message shown that each has read. */
function readersOf(conversation: Conversation): ByMessage {
  const held = readers.get(conversation);
  if (held) return held;
  const made = computed(() => {
    const { items } = conversation.view.value;
    const shown = items.flatMap(({ event }) => event.kind === "message" ? event.id : []);
    const byMessage = new Map<string, string[]>();
    for (const [account, mark] of conversation.reads.value) {
      const id = shown.findLast((each) => each <= mark);
      if (id) byMessage.set(id, [...byMessage.get(id) ?? [], account]);
    }
    return byMessage;
  });
  readers.set(conversation, made);
  return made;
}
