import { useState } from "preact/hooks";
import { Button } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { TextField } from "../components/field.js";
import type { Conversation } from "../state/conversation.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";

export function showDateDialog(conversation: Conversation): void {
  openDialog.value = () => <DateDialog conversation={conversation} />;
}

function DateDialog({ conversation }: { conversation: Conversation }) {
  const [day, setDay] = useState("");
  const jump = async (event: Event) => {
    event.preventDefault();
    if (await attempt(() => conversation.jumpToDay(day))) closeDialog();
  };
  return (
    <Dialog title={t("timeline.date")} onClose={closeDialog} footer={
      <Button type="submit" form="date" kind="primary">{t("action.open")}</Button>
    }>
      <form id="date" onSubmit={jump}>
        <TextField type="date" label={t("timeline.date")} value={day} required autofocus
          onInput={(event) => setDay(event.currentTarget.value)} />
      </form>
    </Dialog>
  );
}
