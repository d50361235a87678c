// Beginning something: a direct channel, a group.
import { useState } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { Button } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { SelectField, TextField } from "../components/field.js";
import { me } from "../state/account.js";
import { reloadChannels } from "../state/channels.js";
import { messageOf } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { goToDirect } from "./open-direct.js";
import { PersonDialog } from "./person-dialog.js";

const NAME_MAX = 100;
const TOPIC_MAX = 1_000;

export function showNewDirect(): void {
  openDialog.value = () => <NewDirect />;
}

export function showNewGroup(): void {
  openDialog.value = () => <NewGroup />;
}

function NewDirect() {
  const open = (account: string) => goToDirect(account, closeDialog);
  return <PersonDialog title={t("direct.new")} label={t("direct.search")} action={t("action.open")}
    pick={open} />;
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
