import { useState } from "preact/hooks";
import { Button } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { TextField } from "../components/field.js";
import { me } from "../state/account.js";
import { presenceOf } from "../state/presence.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";

const STATUS_MAX = 100;

export function showStatus(): void {
  openDialog.value = () => <StatusDialog />;
}

function StatusDialog() {
  const { account, client } = me();
  const [status, setStatus] = useState(presenceOf(account).peek()?.status ?? "");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await attempt(() => client.api.people.setPresence({ status }))) closeDialog();
  };
  return (
    <Dialog title={t("presence.status")} onClose={closeDialog} footer={
      <Button type="submit" form="status" kind="primary">{t("action.save")}</Button>
    }>
      <form id="status" onSubmit={submit}>
        <TextField label={t("presence.status")} value={status} maxLength={STATUS_MAX} autofocus
          placeholder={t("presence.statusHint")}
          onInput={(event) => setStatus(event.currentTarget.value)} />
      </form>
    </Dialog>
  );
}
