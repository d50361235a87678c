import type { Message } from "comity-sdk";
import { useState } from "preact/hooks";
import { Button } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { SelectField, TextField, Toggle } from "../components/field.js";
import { me } from "../state/account.js";
import { attempt, toast } from "../state/toasts.js";
import { domainOf } from "../text/accounts.js";
import { t } from "../i18n/index.js";

const REASONS = ["spam", "harassment", "illegal", "other"] as const;
const COMMENT_MAX = 1_000;

export function showReport(channel: string, message: Message): void {
  openDialog.value = () => <ReportDialog channel={channel} message={message} />;
}

function ReportDialog({ channel, message }: { channel: string; message: Message }) {
  const [reason, setReason] = useState<typeof REASONS[number]>("spam");
  const [comment, setComment] = useState("");
  const [isNamed, setNamed] = useState(false);
  const domain = domainOf(message.sender);
  const isElsewhere = domain !== me().domain;
  const submit = async (event: Event) => {
    event.preventDefault();
    const more = { ...(comment ? { comment } : {}), ...(isNamed ? { name_me: true } : {}) };
    await attempt(async () => {
      const body = { channel, message: message.id, reason, ...more };
      const { kept_by, sent_to } = await me().client.api.messages.report(body);
      closeDialog();
      const domains = [kept_by, ...(sent_to ? [sent_to] : [])].join(", ");
      toast(t("report.done", { domains }));
    });
  };
  return (
    <Dialog title={t("report.title")} onClose={closeDialog} footer={
      <Button type="submit" form="report" kind="primary">{t("action.send")}</Button>
    }>
      <form id="report" onSubmit={submit}>
        <p class="hint">{t(isElsewhere ? "report.goesToBoth" : "report.goesTo", { domain })}</p>
        <SelectField label={t("report.reason")} value={reason} onChange={setReason}
          options={REASONS.map((each) => [each, t(`report.${each}`)])} />
        <TextField label={t("report.comment")} value={comment} maxLength={COMMENT_MAX}
          onInput={(event) => setComment(event.currentTarget.value)} />
        {isElsewhere && (
          <Toggle label={t("report.nameMe")} checked={isNamed} onChange={setNamed} />
        )}
      </form>
    </Dialog>
  );
}
