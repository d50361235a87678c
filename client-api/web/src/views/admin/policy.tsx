// Who waits to be let in, and what is said of other organisations.
import { Ago } from "../../components/ago.js";
import { Button, IconButton } from "../../components/button.js";
import { DataTable } from "../../components/data-table.js";
import { openMenu } from "../../components/menu.js";
import { Link } from "../../components/page.js";
import { go } from "../../app/router.js";
import { formatNumber } from "../../text/format.js";
import { t } from "../../i18n/index.js";
import { ta, tan, type AdminKey } from "../../i18n/admin.js";
import { AdminFrame, Loaded, Nothing, Panel, Tag, useShared, type Shared } from "./frame.js";
import { partnerPath } from "./partners.js";
import { forgetRule, setStance, showLimits, StanceTag } from "./rule-actions.js";
import type { Asking, RuleLine } from "./types.js";

const MODES: Record<string, AdminKey> = {
  open: "mode.open", ask: "mode.ask", allowlist: "mode.allowlist",
};

export function PolicyPage() {
  const shared = useShared();
  return (
    <AdminFrame title={ta("nav.rules")}>
      <Loaded of={shared.policy}>{({ mode, asking, rules }) => <>
        <Panel title={ta("mode.title")} hint={ta("mode.hint")}>
          <p><code>federation.mode = "{mode}"</code></p>
          {MODES[mode] && <p class="hint">{ta(MODES[mode])}</p>}
        </Panel>
        <Panel title={ta("policy.contacts")} hint={ta("policy.contactsHint")}>
          {asking.length ? <ul class="plain-list">
            {asking.map((each) => <li key={each.domain}><Waiting line={each} /></li>)}
          </ul> : <Nothing>{ta("policy.nobody")}</Nothing>}
        </Panel>
        <Panel title={ta("policy.rules")} hint={tan("policy.count", rules.length)}>
          {rules.length ? <Rules rules={rules} shared={shared} />
            : <Nothing>{ta("policy.noRules")}</Nothing>}
        </Panel>
      </>}</Loaded>
    </AdminFrame>
  );
}

function Waiting({ line }: { line: Asking }) {
  const shared = useShared();
  const { domain } = line;
  return <>
    <span class="stacked">
      <Link to={partnerPath(domain)} class="row-link">{domain}</Link>
      <small><Ago at={line.since_unix_ms} /></small>
      <span class="tags">
        {line.by_itself && <Tag kind="good" title={ta("policy.byItselfHint")}>
          {ta("policy.byItself")}</Tag>}
        {line.by_ours && <Tag kind="accent">{ta("policy.byOurs")}</Tag>}
      </span>
    </span>
    <span class="panel-actions">
      <Button kind="primary" onClick={() => void setStance(shared, domain, "allow")}>
        {ta("rule.allow")}</Button>
      <Button onClick={() => void setStance(shared, domain, "allow_named")}>
        {ta("rule.allow_named")}</Button>
      <Button kind="danger" onClick={() => void setStance(shared, domain, "block")}>
        {ta("rule.block")}</Button>
    </span>
  </>;
}

function Rules({ rules, shared }: { rules: RuleLine[]; shared: Shared }) {
  return (
    <DataTable label={ta("policy.rules")} rows={rules} id={(each) => each.domain} columns={[
      {
        title: ta("partners.domain"), kind: "main",
        cell: ({ domain }) => <Link to={partnerPath(domain)} class="row-link">{domain}</Link>,
      },
      {
        title: ta("rule.title"), cell: (line) => <span class="stacked">
          <StanceTag line={line} />
          {line.rule.stance === "allow_named" && <small>
            {tan("shared.count", line.groups.length)}</small>}
        </span>,
      },
      { title: ta("limits.title.short"), kind: "grow", cell: ({ rule }) => limitsOf(rule) },
      { title: ta("rule.since"), cell: (line) => <Ago at={line.since_unix_ms} /> },
      {
        title: t("action.more"), kind: "actions", cell: ({ domain, rule }) => (
          <IconButton icon="dots" label={ta("partners.actions", { domain })}
            onClick={(event) => openMenu(event.currentTarget, ta("partners.actions", { domain }), [
              { label: ta("partners.details"), icon: "info", run: () => go(partnerPath(domain)) },
              { label: ta("limits.set"), icon: "settings", run: () => showLimits(shared, domain) },
              { label: ta("rule.forget"), icon: "trash",
                run: () => void forgetRule(shared, domain) },
              null,
              rule.stance === "block" ? {
                label: ta("rule.allow"), icon: "shield",
                run: () => void setStance(shared, domain, "allow"),
              } : {
                label: ta("rule.block"), icon: "close", danger: true,
                run: () => void setStance(shared, domain, "block"),
              },
            ])} />
        ),
      },
    ]} />
  );
}

function limitsOf({ asks_per_hour: asks, records_per_minute: records }: RuleLine["rule"]) {
  return [
    isLimit(asks) && ta("limits.asksShort", { count: formatNumber(asks) }),
    isLimit(records) && ta("limits.recordsShort", { count: formatNumber(records) }),
  ].filter(Boolean).join(" · ");
}

const isLimit = (count: number | null | undefined) => typeof count === "number";
