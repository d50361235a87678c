// The message that another one replies to, in one line above it.
import { signal, type Signal } from "@preact/signals";
import type { Message } from "comity-sdk";
import { useMemo } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icon.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import { plainLine } from "../text/plain.js";
import { t } from "../i18n/index.js";

const SHOWN_CHARS = 160;
const FOUND_MAX = 500;

/** What was looked up since the page was loaded; `null` where it is not there. */
const found = new Map<string, Signal<Message | null | undefined>>();

export function Quote({ conversation, id }: { conversation: Conversation; id: string }) {
  const message = useQuoted(conversation, id);
  const text = plainLine(message?.text ?? "").slice(0, SHOWN_CHARS);
  return (
    <button type="button" class="quote" onClick={() => go(channelPath(conversation.id, id))}>
      <Icon name="reply" size={14} />
      {message && <Avatar account={message.sender} size={18} />}
      {message && <strong>{displayName(message.sender)}</strong>}
      <span class="quote-text">
        {message === undefined ? "…" : message === null ? t("message.quoteMissing")
          : message.erased ? t("message.erased") : text}
      </span>
    </button>
  );
}

/** A message of the channel: of what is shown, or asked for once. */
export function useQuoted(conversation: Conversation, id: string): Message | null | undefined {
  const asked = useMemo(() => ask(conversation, id), [conversation, id]);
  const shown = conversation.view.value.items.find(({ event }) => event.id === id)?.event;
  return shown?.kind === "message" ? shown : asked?.value;
}

function ask(conversation: Conversation, id: string) {
  const shown = conversation.view.peek().items.some(({ event }) => event.id === id);
  if (shown) return undefined;
  const held = found.get(id);
  if (held) return held;
  const made = signal<Message | null | undefined>(undefined);
  if (found.size > FOUND_MAX) found.clear();
  found.set(id, made);
  conversation.me.client.api.messages.get(conversation.id, id).then(({ event }) => {
    made.value = event.kind === "message" ? event : null;
  }, () => (made.value = null));
  return made;
}
