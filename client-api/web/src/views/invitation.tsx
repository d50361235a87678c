// A group that one is invited to, or waits to be let into.
import type { Channel } from "comity-sdk";
import { useState } from "preact/hooks";
import { go } from "../app/router.js";
import { GroupSign } from "../components/avatar.js";
import { DomainBadge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { Page } from "../components/page.js";
import { me } from "../state/account.js";
import { channelName, dropChannel, patchChannel, reloadChannels } from "../state/channels.js";
import { displayName } from "../state/people.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";

export function InvitationPage({ channel }: { channel: Channel }) {
  const [isBusy, setBusy] = useState(false);
  const { id, inviter, topic, home = "", standing } = channel;
  const name = channelName(channel);
  const answer = async (kind: "accept" | "decline") => {
    setBusy(true);
    const isDone = await attempt(async () => {
      const { status } = await me().client.api.channels[kind](id);
      const next = status === "done" ? "joined" : "joining";
      if (kind === "accept") patchChannel(id, { standing: next });
    });
    setBusy(false);
    if (!isDone) return;
    if (kind === "decline") {
      dropChannel(id);
      go("/");
    }
    reloadChannels();
  };
  return (
    <Page title={name}>
      <div class="empty">
        <GroupSign id={id} name={name} size={64} />
        <h2>{name} <DomainBadge domain={home} /></h2>
        {topic && <p>{topic}</p>}
        {standing === "joining" ? <p role="status">{t("channel.joining", { domain: home })}</p> : <>
          {inviter && <p>{t("channel.invitedBy", { name: displayName(inviter) })} ({inviter})</p>}
          <div class="buttons">
            <Button kind="primary" busy={isBusy} onClick={() => void answer("accept")}>
              {t("action.accept")}
            </Button>
            <Button disabled={isBusy} onClick={() => void answer("decline")}>
              {t("action.decline")}
            </Button>
          </div>
        </>}
      </div>
    </Page>
  );
}
