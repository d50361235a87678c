// The list of conversations, with what is unread, and the way to everything else.
import type { Channel } from "comity-sdk";
import { useEffect } from "preact/hooks";
import { channelPath, go, route } from "../app/router.js";
import { COMMAND_KEY } from "../app/keys.js";
import { Avatar, GroupSign } from "../components/avatar.js";
import { DomainBadge, UnreadBadge } from "../components/badge.js";
import { IconButton } from "../components/button.js";
import { Icon, type IconName } from "../components/icon.js";
import { openMenu } from "../components/menu.js";
import { Link } from "../components/page.js";
import { me } from "../state/account.js";
import { askers, reloadContacts } from "../state/contacts.js";
import { attempt } from "../state/toasts.js";
import { channelName, directs, groups, invitations } from "../state/channels.js";
import { displayName } from "../state/people.js";
import { askPresence } from "../state/presence.js";
import { draftOf } from "../state/drafts.js";
import { tn, t } from "../i18n/index.js";
import { accountMenu } from "./account-menu.js";
import { showNewDirect, showNewGroup } from "./new-dialogs.js";
import { showSwitcher } from "./switcher.js";

export function Sidebar() {
  const people = directs.value.map((each) => each.with ?? "");
  useEffect(() => askPresence(people), [people.join()]);
  return (
    <nav class="sidebar" aria-label={t("nav.channels")}>
      <Head />
      <div class="sidebar-list">
        <PageLink to="/search" at="search" icon="search" label={t("nav.search")} />
        <PageLink to="/mentions" at="mentions" icon="at" label={t("mentions.title")} />
        <PageLink to="/contacts" at="contacts" icon="users" label={t("contacts.title")} />
        <Invitations />
        <Section title={t("nav.groups")} label={t("nav.newMessage")} add={(event) => openMenu(
          event.currentTarget as Element, t("nav.groups"), [
            { label: t("channel.create"), icon: "plus", run: showNewGroup },
            { label: t("groups.browse"), icon: "search", run: () => go("/groups") },
          ])} channels={groups.value} />
        <Section title={t("nav.direct")} label={t("direct.new")} add={showNewDirect}
          channels={directs.value} />
      </div>
    </nav>
  );
}

function Head() {
  const { account, domain } = me();
  return (
    <header class="sidebar-head">
      <button type="button" class="own" aria-haspopup="menu" title={account}
        onClick={(event) => accountMenu(event.currentTarget)}>
        <Avatar account={account} size={36} presence />
        <span class="own-text">
          <strong>{displayName(account)}</strong>
          <small>{domain}</small>
        </span>
        <Icon name="chevronDown" size={14} />
      </button>
      <IconButton icon="search" label={`${t("switcher.hint")} (${COMMAND_KEY} K)`}
        onClick={showSwitcher} />
      <IconButton icon="compose" label={t("direct.new")} onClick={showNewDirect} />
    </header>
  );
}

function PageLink({ to, at, icon, label }: {
  to: string; at: string; icon: IconName; label: string;
}) {
  return (
    <Link to={to} class="row page-link" aria-current={route.value.at === at ? "page" : undefined}>
      <Icon name={icon} /><span class="row-name">{label}</span>
    </Link>
  );
}

function Section({ title, label, add, channels }: {
  title: string; label: string; add: (event: Event) => void; channels: Channel[];
}) {
  return (
    <section class="sidebar-section" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <IconButton icon="plus" size={16} label={label} onClick={add} />
      </header>
      <ul>{channels.map((each) => <li key={each.id}><Row channel={each} /></li>)}</ul>
    </section>
  );
}

function Row({ channel }: { channel: Channel }) {
  const { id, kind, unread, mentions, muted } = channel;
  const name = channelName(channel);
  const to = route.value;
  const isOpen = to.at === "channel" && to.channel === id;
  const isDraft = !isOpen && Boolean(draftOf(id).value);
  const kinds = `row${unread && !muted ? " unread" : ""}${muted ? " muted" : ""}`;
  return (
    <Link to={channelPath(id)} class={kinds} aria-current={isOpen ? "page" : undefined}>
      {kind === "direct" ? <Avatar account={channel.with ?? ""} size={24} presence />
        : <GroupSign id={id} name={name} size={24} />}
      <span class="row-name">{name}</span>
      {kind === "direct" ? <DomainBadge account={channel.with ?? ""} />
        : <DomainBadge domain={channel.home ?? ""} />}
      {isDraft && <Icon name="edit" size={14} />}
      {muted && <Icon name="bellOff" size={14} label={t("channel.mute")} />}
      <UnreadBadge unread={unread} mentions={mentions} muted={muted} />
    </Link>
  );
}

function Invitations() {
  const all = invitations.value;
  if (!all.length && !askers.value.length) return null;
  return (
    <section class="sidebar-section" aria-label={t("nav.invitations")}>
      <header><h2>{t("nav.invitations")}</h2></header>
      <ul>
        {askers.value.map(({ account }) => <li key={account}><Asker account={account} /></li>)}
        {all.map((each) => (
          <li key={each.id}>
            <Link to={channelPath(each.id)} class="row unread">
              <GroupSign id={each.id} name={channelName(each)} size={24} />
              <span class="row-name">{channelName(each)}</span>
              <DomainBadge domain={each.home ?? ""} />
              <span class="count mention" aria-label={tn("unread.count", 1)}>1</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Somebody who wants to be a contact. */
function Asker({ account }: { account: string }) {
  const { people } = me().client.api;
  const answer = async (work: () => Promise<unknown>) => {
    if (await attempt(work)) await reloadContacts();
  };
  return (
    <div class="row unread" title={account}>
      <Avatar account={account} size={24} />
      <span class="row-name">{displayName(account)} <small>{t("contact.asking")}</small></span>
      <IconButton icon="check" size={16} label={t("action.accept")}
        onClick={() => void answer(() => people.addContact(account))} />
      <IconButton icon="close" size={16} label={t("action.decline")}
        onClick={() => void answer(() => people.removeContact(account))} />
    </div>
  );
}
