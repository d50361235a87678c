// Who somebody is, beside where he was pressed.
import { useEffect, useState } from "preact/hooks";
import { go } from "../app/router.js";
import { Avatar } from "../components/avatar.js";
import { Button } from "../components/button.js";
import { confirm } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { closePopover, openPopover } from "../components/menu.js";
import { me } from "../state/account.js";
import { blocked, reloadBlocks } from "../state/blocks.js";
import { askAgain, displayName, person } from "../state/people.js";
import { askPresence, presenceOf } from "../state/presence.js";
import { attempt } from "../state/toasts.js";
import { formatRelative } from "../text/format.js";
import { t } from "../i18n/index.js";
import { openDirect } from "./open-direct.js";

export function showProfile(at: DOMRect, account: string): void {
  openPopover(at, t("profile.of", { name: displayName(account) }),
    () => <ProfileCard account={account} />);
}

function ProfileCard({ account }: { account: string }) {
  useEffect(() => {
    askAgain(account);
    askPresence([account]);
  }, [account]);
  const isOwn = account === me().account;
  const presence = presenceOf(account).value;
  const status = presence?.status ?? person(account).value.profile?.status;
  return (
    <div class="profile-card" role="dialog" tabIndex={-1} ref={(element) => element?.focus()}
      aria-label={t("profile.of", { name: displayName(account) })}>
      <Avatar account={account} size={64} presence />
      <h2>{displayName(account)}</h2>
      <p class="profile-account">{account}</p>
      {presence && presence.state !== "unknown" && (
        <p class="profile-presence">
          {presence.state === "offline" && presence.last_active_time
            ? t("presence.lastSeen", { when: formatRelative(presence.last_active_time) })
            : t(`presence.${presence.state}`)}
        </p>
      )}
      {status && <p class="profile-status"><Icon name="message" size={14} />{status}</p>}
      <div class="profile-actions">
        {isOwn ? (
          <Button icon="settings" onClick={() => {
            closePopover();
            go("/settings/profile");
          }}>{t("settings.title")}</Button>
        ) : <Actions account={account} />}
      </div>
    </div>
  );
}

function Actions({ account }: { account: string }) {
  const { api } = me().client;
  const [standing, setStanding] = useState<string>();
  const isBlocked = blocked.value.has(account);
  const load = async () => {
    const [contacts] = await Promise.all([api.people.contacts(), reloadBlocks()]);
    setStanding(contacts.find((each) => each.account === account)?.standing ?? "none");
  };
  const change = (work: () => Promise<unknown>) => void attempt(async () => {
    await work();
    await load();
  });
  useEffect(() => void load().catch(() => undefined), [account]);
  const isContact = standing === "contact" || standing === "asked";
  return <>
    <Button kind="primary" icon="message"
      onClick={() => void openDirect(account, closePopover)}>{t("profile.message")}</Button>
    {standing && (
      <Button icon={isContact ? "trash" : "userPlus"} onClick={() => change(() => isContact
        ? api.people.removeContact(account) : api.people.addContact(account))}>
        {t(standing === "asked" ? "contact.asked" : isContact ? "contact.remove" : "contact.add")}
      </Button>
    )}
    {isBlocked ? (
      <Button onClick={() => change(() => api.people.unblock(account))}>
        {t("profile.unblock")}
      </Button>
    ) : (
      <Button kind="quiet" class="danger-text" onClick={() => void block(account)}>
        {t("profile.block")}
      </Button>
    )}
  </>;
}

async function block(account: string): Promise<void> {
  closePopover();
  const yes = await confirm({
    title: t("profile.block"), action: t("profile.block"), danger: true,
    text: t("profile.blockAsk", { name: displayName(account) }),
  });
  if (!yes) return;
  await attempt(() => me().client.api.people.block(account));
  await reloadBlocks();
}
