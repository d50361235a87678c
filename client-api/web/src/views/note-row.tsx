import type { ChannelEvent } from "comity-sdk";
import { displayName } from "../state/people.js";
import { formatTime } from "../text/format.js";
import { t } from "../i18n/index.js";

/** A line about the channel itself: who came, what was renamed. */
export function NoteRow({ event }: { event: ChannelEvent }) {
  const text = noteText(event);
  if (!text) return null;
  return (
    <div class="note">
      <span>{text}</span> <time dateTime={event.time}>{formatTime(event.time)}</time>
    </div>
  );
}

function noteText(event: ChannelEvent): string | undefined {
  const sender = displayName(event.sender);
  const account = "account" in event ? displayName(event.account) : "";
  switch (event.kind) {
    case "created":
      return t("event.created", { sender, name: event.name });
    case "invited":
      return t("event.invited", { sender, account });
    case "joined":
      return t("event.joined", { account });
    case "left":
      return t("event.left", { account });
    case "removed":
      return t("event.removed", { sender, account });
    case "banned":
      return t("event.banned", { sender, account });
    case "unbanned":
      return t("event.unbanned", { sender, account });
    case "renamed":
      return t("event.renamed", { sender, name: event.name });
    case "topic_changed":
      return event.topic ? t("event.topic", { sender, topic: event.topic })
        : t("event.topicNone", { sender });
    case "role_changed":
      return t("event.role", { sender, account, role: t(`role.${event.role}`) });
    case "rule_changed":
      return t("event.rule", { sender });
    case "handed_over":
      return t("event.handedOver", { sender, home: event.home });
    case "request_refused":
      return t("event.requestRefused", { code: event.code });
    default:
      return undefined;
  }
}
