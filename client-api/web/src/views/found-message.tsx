// A message out of its context: pinned, found, or one that mentions the reader.
import type { Message } from "comity-sdk";
import type { ComponentChildren } from "preact";
import { Avatar } from "../components/avatar.js";
import { DomainBadge } from "../components/badge.js";
import { displayName } from "../state/people.js";
import { formatFull, formatShort } from "../text/format.js";
import { t } from "../i18n/index.js";
import { MessageText } from "./message-text.js";

export function FoundMessage({ message, where, onOpen, children }: {
  message: Message;
  /** The channel's name, where messages of several are listed. */
  where?: ComponentChildren;
  onOpen: () => void;
  /** In place of the text. */
  children?: ComponentChildren;
}) {
  const { sender, time, erased } = message;
  return (
    <article class="found">
      <header>
        <Avatar account={sender} size={24} />
        <strong>{displayName(sender)}</strong>
        <DomainBadge account={sender} />
        {where && <span class="found-where">{where}</span>}
        <time dateTime={time} title={formatFull(time)}>{formatShort(time)}</time>
      </header>
      {children ?? (erased ? <p class="text gone">{t("message.erased")}</p>
        : <MessageText message={message} />)}
      <button type="button" class="found-open" onClick={onOpen}>
        <span>{t("action.open")}</span>
      </button>
    </article>
  );
}
