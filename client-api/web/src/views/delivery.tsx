// How far one's own message has come.
import type { TimelineItem } from "comity-sdk";
import { Icon, type IconName } from "../components/icon.js";
import { openPopover } from "../components/menu.js";
import type { Conversation } from "../state/conversation.js";
import { formatRelative } from "../text/format.js";
import { t } from "../i18n/index.js";
import { useConversation } from "./conversation.js";

type Delivered = TimelineItem["delivered"];

/** A mark that says it at a glance, and by organisation when it is pressed. */
export function DeliveryMark({ delivered }: { delivered: Delivered }) {
  const conversation = useConversation();
  const [icon, label] = describe(delivered);
  return (
    <button type="button" class={`delivery ${icon}`} aria-label={label} title={label}
      onClick={(event) => openPopover(event.currentTarget, t("delivery.title"),
        () => <Details conversation={conversation} delivered={delivered} />)}>
      <Icon name={icon} size={14} />
    </button>
  );
}

function describe(delivered: Delivered): [IconName, string] {
  if (!delivered || delivered.of <= 1) return ["check", t("delivery.stored")];
  const { organisations: count, of } = delivered;
  if (count >= of) return ["checks", t("delivery.all")];
  return ["check", t("delivery.some", { count, of })];
}

function Details({ conversation, delivered }: {
  conversation: Conversation; delivered: Delivered;
}) {
  const { domain } = conversation.me;
  const others = conversation.detail.value?.organisations ?? [];
  const isAll = !delivered || delivered.organisations >= delivered.of;
  return (
    <div class="delivery-details">
      <h3>{describe(delivered)[1]}</h3>
      <ul>
        <li><Icon name="check" size={14} /><span>{domain}</span></li>
        {others.map(({ domain: other, linked, behind_since_time }) => (
          <li key={other}>
            <Icon name={behind_since_time && !isAll ? "clock" : "check"} size={14} />
            <span>{other}</span>
            <small>
              {behind_since_time && !isAll
                ? t("delivery.behindSince", { time: formatRelative(behind_since_time) })
                : t(linked ? "delivery.linked" : "delivery.unlinked")}
            </small>
          </li>
        ))}
      </ul>
    </div>
  );
}
