// What the admin says of a domain. Each is asked for first, with what comes of it.
import { useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { closeDialog, confirm, Dialog, openDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { messageOf, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ta } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, Tag, type Shared } from "./frame.js";
import type { Rule, RuleLine, Stance } from "./types.js";

const UNLIMITED: Pick<Rule, "asks_per_hour" | "records_per_minute"> = {
  asks_per_hour: null, records_per_minute: null,
};

export function ruleOf(shared: Shared, domain: string): RuleLine | undefined {
  return shared.policy.data?.rules.find((each) => each.domain === domain);
}

/** What is said of a domain, as a word. */
export function StanceTag({ line, mode }: { line: RuleLine | undefined; mode?: string }) {
  if (!line) return <Tag>{ta("stance.none")}{mode ? ` · ${mode}` : ""}</Tag>;
  const { stance } = line.rule;
  const kind = stance === "block" ? "bad" : stance === "allow" ? "good" : "accent";
  return <Tag kind={kind}>{ta(`stance.${stance}`)}</Tag>;
}

/** Says it; the limits that were set stay. */
export async function setStance(shared: Shared, domain: string, stance: Stance): Promise<void> {
  const action = ta(`rule.${stance}`);
  const yes = await confirm({
    title: ta(`rule.${stance}Title`, { domain }), action, danger: stance === "block",
    text: ta(`rule.${stance}Ask`, { domain }),
  });
  if (!yes) return;
  const rule = { ...UNLIMITED, ...ruleOf(shared, domain)?.rule, stance };
  await act(() => admin.setRule(domain, rule), ta(`rule.${stance}Done`, { domain }),
    shared.policy, shared.status);
}

export async function forgetRule(shared: Shared, domain: string): Promise<void> {
  const mode = shared.policy.data?.mode ?? "";
  const yes = await confirm({
    title: ta("rule.forget"), action: ta("rule.forget"), danger: true,
    text: ta("rule.forgetAsk", { domain, mode }),
  });
  if (!yes) return;
  await act(() => admin.forgetRule(domain), ta("rule.forgotten", { domain }), shared.policy);
}

export function showLimits(shared: Shared, domain: string): void {
  openDialog.value = () => <Limits shared={shared} domain={domain} />;
}

const number = (text: string) => (text.trim() ? Number(text) : null);
const isCount = (value: number | null | undefined) => value === null || value === undefined
  || (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff);

function Limits({ shared, domain }: { shared: Shared; domain: string }) {
  const line = ruleOf(shared, domain);
  const [asks, setAsks] = useState(String(line?.rule.asks_per_hour ?? ""));
  const [records, setRecords] = useState(String(line?.rule.records_per_minute ?? ""));
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const rule: Rule = {
    stance: line?.rule.stance ?? "allow",
    asks_per_hour: number(asks),
    records_per_minute: number(records),
  };
  const isValid = isCount(rule.asks_per_hour) && isCount(rule.records_per_minute);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await admin.setRule(domain, rule);
      closeDialog();
      toast(ta("limits.done", { domain }));
      await shared.policy.reload();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={ta("limits.title", { domain })} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button type="submit" form="limits" kind="primary" busy={isBusy} disabled={!isValid}>
        {t("action.save")}</Button>
    </>}>
      <form id="limits" onSubmit={submit}>
        {!line && <p>{ta("limits.allows", { domain })}</p>}
        <TextField type="number" label={ta("limits.asks")} value={asks} autofocus
          hint={ta("limits.asksHint")} onInput={(event) => setAsks(event.currentTarget.value)} />
        <TextField type="number" label={ta("limits.records")} value={records}
          hint={ta("limits.recordsHint")} error={error}
          onInput={(event) => setRecords(event.currentTarget.value)} />
      </form>
    </Dialog>
  );
}
