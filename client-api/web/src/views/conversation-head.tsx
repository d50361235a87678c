import { go, panel, setQuery, type Panel } from "../app/router.js";
import { Avatar, GroupSign } from "../components/avatar.js";
import { DomainBadge } from "../components/badge.js";
import { IconButton } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { openMenu } from "../components/menu.js";
import { channelName, channels } from "../state/channels.js";
import { presenceOf } from "../state/presence.js";
import { formatNumber, formatRelative } from "../text/format.js";
import { t } from "../i18n/index.js";
import { channelMenu } from "./channel-menu.js";
import { useConversation } from "./conversation.js";
import { showInvite } from "./invite-dialog.js";
import { showProfile } from "./profile-card.js";

/** Opens a panel, or closes it where it is open. */
export function togglePanel(name: Panel): void {
  setQuery({ panel: panel.peek() === name ? null : name, thread: null });
}

export function ConversationHead() {
  const conversation = useConversation();
  const channel = channels.value.get(conversation.id);
  if (!channel) return null;
  const name = channelName(channel);
  const isDirect = channel.kind === "direct";
  const detail = conversation.detail.value;
  const members = detail?.members.filter((each) => !each.invited).length;
  const open = panel.value;
  return (
    <header class="page-head conversation-head">
      <IconButton icon="back" label={t("nav.back")} class="only-narrow" onClick={() => go("/")} />
      <button type="button" class="head-name" onClick={(event) => isDirect
        ? showProfile(event.currentTarget.getBoundingClientRect(), channel.with ?? "")
        : togglePanel("settings")}>
        {isDirect ? <Avatar account={channel.with ?? ""} size={32} presence />
          : <GroupSign id={channel.id} name={name} size={32} />}
        <span class="head-text">
          <h1>{name}{isDirect ? <DomainBadge account={channel.with ?? ""} />
            : <DomainBadge domain={channel.home ?? ""} />}</h1>
          {isDirect ? <PersonLine account={channel.with ?? ""} />
            : channel.topic && <small title={channel.topic}>{channel.topic}</small>}
        </span>
      </button>
      {channel.muted && <Icon name="bellOff" size={16} label={t("channel.mute")} />}
      {!isDirect && (
        <IconButton icon="users" pressed={open === "members"} class="with-count"
          label={[t("members.title"), members && formatNumber(members)].filter(Boolean).join(" ")}
          onClick={() => togglePanel("members")}>
          {members ? <span>{formatNumber(members)}</span> : null}
        </IconButton>
      )}
      {!isDirect && (
        <IconButton icon="userPlus" label={t("action.invite")} class="only-wide"
          onClick={() => showInvite(conversation.id)} />
      )}
      <IconButton icon="pin" pressed={open === "pins"} label={t("pins.title")} class="only-wide"
        onClick={() => togglePanel("pins")} />
      <IconButton icon="search" label={t("nav.search")}
        onClick={() => go(`/search?channel=${conversation.id}`)} />
      <IconButton icon="dots" label={t("action.more")} aria-haspopup="menu"
        onClick={(event) => openMenu(event.currentTarget, t("action.more"),
          channelMenu(channel, conversation))} />
    </header>
  );
}

function PersonLine({ account }: { account: string }) {
  const presence = presenceOf(account).value;
  if (!presence || presence.state === "unknown") return <small>{account}</small>;
  const { state, status, last_active_time } = presence;
  const seen = state === "offline" && last_active_time
    ? t("presence.lastSeen", { when: formatRelative(last_active_time) }) : t(`presence.${state}`);
  return <small>{status ? `${seen} · ${status}` : seen}</small>;
}
