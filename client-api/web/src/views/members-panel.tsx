// Who is in a channel, by organisation, with what may be done about them.
import type { Member, Role } from "comity-sdk";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { IconButton } from "../components/button.js";
import { confirm } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { openMenu, type MenuItem } from "../components/menu.js";
import { Panel } from "../components/panel.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import { askPresence, presenceOf } from "../state/presence.js";
import { attempt } from "../state/toasts.js";
import { domainOf } from "../text/accounts.js";
import { formatRelative } from "../text/format.js";
import { t } from "../i18n/index.js";
import { useConversation } from "./conversation.js";
import { showInvite } from "./invite-dialog.js";
import { showProfile } from "./profile-card.js";

const FILTER_FROM = 8;

export function MembersPanel() {
  const conversation = useConversation();
  const [filter, setFilter] = useState("");
  const members = conversation.detail.value?.members ?? [];
  useEffect(() => {
    if (members.length <= 100) askPresence(members.map(({ account }) => account));
  }, [members.length]);
  const wanted = filter.toLocaleLowerCase();
  const shown = members.filter(({ account }) =>
    account.includes(wanted) || displayName(account).toLocaleLowerCase().includes(wanted));
  const own = conversation.me.domain;
  const domains = [...new Set(shown.map(({ account }) => domainOf(account)))].sort((a, b) =>
    Number(b === own) - Number(a === own) || a.localeCompare(b));
  const of = (domain: string) =>
    shown.filter(({ account }) => domainOf(account) === domain).sort(byRole);
  return (
    <Panel title={t("members.title")} actions={
      <IconButton icon="userPlus" label={t("action.invite")}
        onClick={() => showInvite(conversation.id)} />
    }>
      {members.length > FILTER_FROM && (
        <input type="search" class="panel-filter" value={filter} placeholder={t("members.search")}
          aria-label={t("members.search")}
          onInput={(event) => setFilter(event.currentTarget.value)} />
      )}
      {domains.map((domain) => (
        <section key={domain} class="member-group">
          <DomainHead conversation={conversation} domain={domain} />
          <ul>
            {of(domain).map((member) => (
              <li key={member.account}>
                <MemberRow conversation={conversation} member={member} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Panel>
  );
}

const ROLES: Role[] = ["owner", "moderator", "member"];

function byRole(a: Member, b: Member): number {
  return Number(a.invited) - Number(b.invited) || ROLES.indexOf(a.role) - ROLES.indexOf(b.role)
    || displayName(a.account).localeCompare(displayName(b.account));
}

function DomainHead({ conversation, domain }: { conversation: Conversation; domain: string }) {
  const other = conversation.detail.value?.organisations?.find((each) => each.domain === domain);
  const behind = other?.behind_since_time;
  return (
    <h3>
      <span>{domain}</span>
      {other && (
        <small title={behind && t("delivery.behindSince", { time: formatRelative(behind) })}>
          <Icon name={other.linked ? "link" : "unlink"} size={12} />
          {t(other.linked ? "delivery.linked" : "delivery.unlinked")}
        </small>
      )}
    </h3>
  );
}

function MemberRow({ conversation, member }: { conversation: Conversation; member: Member }) {
  const { account, role, invited } = member;
  const status = presenceOf(account).value?.status;
  const items = menuFor(conversation, member);
  return (
    <div class="row member">
      <button type="button" class="member-who" onClick={(event) =>
        showProfile(event.currentTarget.getBoundingClientRect(), account)}>
        <Avatar account={account} size={32} presence />
        <span class="member-text">
          <span class="row-name">{displayName(account)}</span>
          {status && <small>{status}</small>}
        </span>
      </button>
      {invited ? <span class="tag">{t("member.invited")}</span>
        : role !== "member" && <span class={`tag ${role}`}>{t(`role.${role}`)}</span>}
      {items.length > 0 && (
        <IconButton icon="dots" size={16} label={t("action.more")} aria-haspopup="menu"
          onClick={(event) => openMenu(event.currentTarget, displayName(account), items)} />
      )}
    </div>
  );
}

/** What the own role lets one do. */
function menuFor(conversation: Conversation, { account, role, invited }: Member): MenuItem[] {
  const detail = conversation.detail.value;
  const own = detail?.role;
  if (detail?.kind !== "group" || account === conversation.me.account) return [];
  if (own !== "owner" && (own !== "moderator" || role !== "member")) return [];
  const { id: channel, me: { client: { api } } } = conversation;
  const change = (work: () => Promise<unknown>) => void attempt(async () => {
    await work();
    conversation.askSoon();
  });
  const remove = () => change(() => api.channels.remove(channel, account));
  if (invited) return [{ label: t("member.withdraw"), icon: "close", danger: true, run: remove }];
  const others = ROLES.filter((each) => own === "owner" && each !== role);
  const keys = {
    owner: "member.makeOwner", moderator: "member.makeModerator", member: "member.makeMember",
  } as const;
  return [
    ...others.map((each) => ({
      label: t(keys[each]), icon: "shield" as const,
      run: () => change(() => api.channels.setRole(channel, account, each)),
    })),
    {
      label: t("member.remove"), icon: "close", danger: true,
      run: () => void asked("member.remove", "member.removeAsk", account, remove),
    },
    {
      label: t("member.ban"), icon: "flag", danger: true,
      run: () => void asked("member.ban", "member.banAsk", account,
        () => change(() => api.channels.ban(channel, { account }))),
    },
  ];
}

async function asked(
  title: "member.ban" | "member.remove", text: "member.banAsk" | "member.removeAsk",
  account: string, run: () => void,
): Promise<void> {
  const name = displayName(account);
  const question = { title: t(title), text: t(text, { name }), action: t(title), danger: true };
  if (await confirm(question)) run();
}
