import { openDialog } from "../components/dialog.js";
import { me } from "../state/account.js";
import { channelName, channels } from "../state/channels.js";
import { displayName } from "../state/people.js";
import { toast } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { PersonDialog } from "./person-dialog.js";

export function showInvite(channel: string): void {
  openDialog.value = () => <InviteDialog channel={channel} />;
}

function InviteDialog({ channel }: { channel: string }) {
  const held = channels.value.get(channel);
  const invite = async (account: string) => {
    const { status } = await me().client.api.channels.invite(channel, account);
    const name = displayName(account);
    toast(status === "done" ? t("invite.done", { name }) : t("invite.requested"));
  };
  return <PersonDialog title={t("invite.title", { name: held ? channelName(held) : "" })}
    label={t("invite.account")} action={t("action.invite")} pick={invite} />;
}
