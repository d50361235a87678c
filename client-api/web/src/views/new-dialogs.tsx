// Beginning something: a direct channel, a group.
import { useState } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { Avatar } from "../components/avatar.js";
import { Button } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { SelectField, TextField } from "../components/field.js";
import { me } from "../state/account.js";
import { reloadChannels } from "../state/channels.js";
import { displayName } from "../state/people.js";
import { messageOf } from "../state/toasts.js";
import { typedAccount } from "../text/accounts.js";
import { t } from "../i18n/index.js";
import { explain, goToDirect } from "./open-direct.js";
import { usePeople } from "./switcher.js";

const NAME_MAX = 100;
const TOPIC_MAX = 1_000;

export function showNewDirect(): void {
  openDialog.value = () => <NewDirect />;
}

export function showNewGroup(): void {
  openDialog.value = () => <NewGroup />;
}

function NewDirect() {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const found = usePeople(text).filter(({ account }) => account !== me().account);
  const open = async (account: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await goToDirect(account);
      closeDialog();
    } catch (reason) {
      setError(explain(reason, account));
      setBusy(false);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim()) void open(typedAccount(text, me().domain));
  };
  return (
    <Dialog title={t("direct.new")} onClose={closeDialog} top footer={
      <Button type="submit" form="direct" kind="primary" busy={isBusy}>{t("action.open")}</Button>
    }>
      <form id="direct" onSubmit={submit}>
        <TextField label={t("direct.search")} value={text} autofocus autocomplete="off"
          autocapitalize="none" spellcheck={false} hint={t("direct.hint")} error={error}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
      <ul class="choices">
        {found.map(({ account }) => (
          <li key={account}>
            <button type="button" class="row" onClick={() => void open(account)}>
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

function NewGroup() {
  const [name, setName] = useState("");
  const [topic, setTopic] = useState("");
  const [join, setJoin] = useState<"invited" | "anyone">("invited");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { api } = me().client;
      const id = await api.channels.createGroup(name.trim(), topic ? { topic } : {});
      if (join === "anyone") await api.channels.change(id, { join });
      reloadChannels();
      closeDialog();
      go(channelPath(id));
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("channel.create")} onClose={closeDialog} footer={
      <Button type="submit" form="group" kind="primary" busy={isBusy}>{t("action.create")}</Button>
    }>
      <form id="group" onSubmit={submit}>
        <TextField label={t("channel.name")} value={name} required maxLength={NAME_MAX} autofocus
          autocomplete="off" error={error}
          onInput={(event) => setName(event.currentTarget.value)} />
        <TextField label={t("channel.topic")} value={topic} maxLength={TOPIC_MAX}
          autocomplete="off" placeholder={t("channel.topicHint")}
          onInput={(event) => setTopic(event.currentTarget.value)} />
        <SelectField label={t("rules.join")} value={join} onChange={setJoin} options={[
          ["invited", t("rules.join.invited")], ["anyone", t("rules.join.anyone")],
        ]} />
      </form>
    </Dialog>
  );
}
