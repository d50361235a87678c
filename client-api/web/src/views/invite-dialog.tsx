import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Button } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { TextField } from "../components/field.js";
import { me } from "../state/account.js";
import { channelName, channels } from "../state/channels.js";
import { displayName } from "../state/people.js";
import { toast } from "../state/toasts.js";
import { typedAccount } from "../text/accounts.js";
import { t } from "../i18n/index.js";
import { explain } from "./open-direct.js";
import { usePeople } from "./switcher.js";

export function showInvite(channel: string): void {
  openDialog.value = () => <InviteDialog channel={channel} />;
}

function InviteDialog({ channel }: { channel: string }) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const found = usePeople(text).filter(({ account }) => account !== me().account);
  const held = channels.value.get(channel);
  const invite = async (account: string) => {
    setBusy(true);
    try {
      const { status } = await me().client.api.channels.invite(channel, account);
      const name = displayName(account);
      toast(status === "done" ? t("invite.done", { name }) : t("invite.requested"));
      setText("");
    } catch (reason) {
      setError(explain(reason, account));
    }
    setBusy(false);
  };
  return (
    <Dialog title={t("invite.title", { name: held ? channelName(held) : "" })} onClose={closeDialog}
      top footer={
        <Button type="submit" form="invite" kind="primary" busy={isBusy}>
          {t("action.invite")}
        </Button>
      }>
      <form id="invite" onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) void invite(typedAccount(text, me().domain));
      }}>
        <TextField label={t("invite.account")} value={text} autofocus autocomplete="off"
          autocapitalize="none" spellcheck={false} hint={t("direct.hint")} error={error}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
      <ul class="choices">
        {found.map(({ account }) => (
          <li key={account}>
            <button type="button" class="row" onClick={() => void invite(account)}>
              <Avatar account={account} size={24} />
              <span class="row-name">{displayName(account)}</span>
              <small class="row-more">{account}</small>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
