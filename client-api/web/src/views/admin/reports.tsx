// What was reported as abuse.
import { useState } from "preact/hooks";
import { go, query, setQuery } from "../../app/router.js";
import { Ago } from "../../components/ago.js";
import { Button } from "../../components/button.js";
import { Choice } from "../../components/choice.js";
import { DataTable } from "../../components/data-table.js";
import { confirm } from "../../components/dialog.js";
import { Link } from "../../components/page.js";
import { me } from "../../state/account.js";
import { useResource } from "../../state/resource.js";
import { domainOf, nameOf } from "../../text/accounts.js";
import { ta, type AdminKey } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, AdminFrame, Facts, Loaded, Nothing, Panel, Tag, useShared } from "./frame.js";
import type { Report, ReportDetail } from "./types.js";

const REFRESH_MS = 30_000;
const REASONS: Record<string, AdminKey> = {
  spam: "reason.spam", harassment: "reason.harassment", illegal: "reason.illegal",
  other: "reason.other",
};

export function ReportsPage() {
  const number = Number(query.value.get("report"));
  return number ? <OneReport key={number} number={number} /> : <ReportList />;
}

function reason(code: string): string {
  return REASONS[code] ? ta(REASONS[code]) : code;
}

function ReportList() {
  const [shown, show] = useState<"open" | "all">("open");
  const reports = useResource(() => admin.reports(shown === "all"), {
    everyMs: REFRESH_MS, keys: [shown],
  });
  return (
    <AdminFrame title={ta("nav.reports")} intro={ta("reports.intro")}>
      <div class="filters">
        <Choice label={ta("groups.show")} value={shown} onChange={show} options={[
          ["open", ta("reports.onlyOpen")], ["all", ta("list.all")],
        ]} />
      </div>
      <Loaded of={reports}>{(data) => data.length ? (
        <DataTable label={ta("nav.reports")} rows={data} id={(each) => each.number}
          rowClass={(each) => (each.closed_unix_ms ? "faded" : "")} columns={[
            {
              title: ta("reports.about"), kind: "main",
              cell: (each) => <Link to={`/admin/reports?report=${each.number}`} class="row-link">
                {each.about}</Link>,
            },
            { title: ta("reports.reason"), cell: (each) => <Tag kind={
              each.reason === "illegal" ? "bad" : "warn"}>{reason(each.reason)}</Tag> },
            { title: ta("reports.by"), cell: (each) => each.reporter ?? each.from },
            { title: ta("reports.came"), cell: (each) => <Ago at={each.unix_ms} /> },
            { title: ta("reports.proof"), cell: (each) => <Proof report={each} /> },
            { title: ta("users.state"), cell: (each) => each.closed_unix_ms
              ? <Tag>{ta("reports.closed")}</Tag> : <Tag kind="warn">{ta("reports.isOpen")}</Tag> },
          ]} />
      ) : <Nothing>{ta(shown === "open" ? "reports.noneOpen" : "reports.none")}</Nothing>
      }</Loaded>
    </AdminFrame>
  );
}

function Proof({ report }: { report: Report }) {
  return report.is_proven
    ? <Tag kind="good" title={ta("reports.provenHint")}>{ta("reports.proven")}</Tag>
    : <Tag title={ta("reports.heldHint")}>{ta("reports.held")}</Tag>;
}

function OneReport({ number }: { number: number }) {
  const { status } = useShared();
  const report = useResource(() => admin.report(number));
  const close = async () => {
    const yes = await confirm({
      title: ta("reports.close"), action: ta("reports.close"), text: ta("reports.closeAsk"),
    });
    if (!yes) return;
    const went = await act(() => admin.closeReport(number), ta("reports.closedNow"), status);
    if (went) setQuery({ report: null });
  };
  return (
    <AdminFrame title={ta("reports.number", { number })} back="/admin/reports" actions={
      report.data && !report.data.closed_unix_ms
        && <Button kind="primary" icon="check" onClick={() => void close()}>
          {ta("reports.close")}</Button>
    }>
      <Link to="/admin/reports" class="back-link only-wide">{ta("reports.all")}</Link>
      <Loaded of={report}>{(data) => <Detail report={data} />}</Loaded>
    </AdminFrame>
  );
}

function Detail({ report }: { report: ReportDetail }) {
  return <>
    <Panel title={ta("reports.text")} hint={ta("reports.said", { about: report.about })}>
      {report.text ? <blockquote class="reported">{report.text}</blockquote>
        : <Nothing>{ta("reports.noText")}</Nothing>}
      {report.comment && <>
        <h3>{ta("reports.comment")}</h3>
        <blockquote class="reported soft">{report.comment}</blockquote>
      </>}
    </Panel>
    <Panel title={ta("reports.facts")}>
      <Facts of={[
        [ta("reports.reason"), reason(report.reason)],
        [ta("reports.about"), report.about],
        [ta("reports.written"), <Ago at={report.said_unix_ms} />],
        [ta("reports.by"), report.reporter ?? ta("reports.unnamed", { domain: report.from })],
        [ta("reports.came"), <Ago at={report.unix_ms} />],
        [ta("reports.proof"), <>
          <Proof report={report} />
          <p class="hint">{ta(report.is_proven ? "reports.provenHint" : "reports.heldHint")}</p>
        </>],
        report.sent_to ? [ta("reports.sentTo"), report.sent_to] : null,
        report.closed_unix_ms ? [ta("reports.closed"), <Ago at={report.closed_unix_ms} />] : null,
        [ta("reports.channel"), <code class="breaks">{report.channel}</code>],
        [ta("reports.message"), <code class="breaks">{report.message}</code>],
      ]} />
    </Panel>
    <WhatToDo report={report} />
  </>;
}

/** The ways to whoever wrote it. */
function WhatToDo({ report }: { report: ReportDetail }) {
  const domain = domainOf(report.about);
  const isOurs = domain === me().domain;
  const name = nameOf(report.about);
  return (
    <Panel title={ta("reports.do")} hint={
      ta(isOurs ? "reports.doOurs" : "reports.doOthers", { name, domain })
    }>
      <div class="panel-actions">
        {isOurs ? <Button icon="user"
          onClick={() => go(`/admin/users?q=${encodeURIComponent(name)}`)}>
          {ta("reports.toUser", { name })}</Button>
          : <Button icon="globe"
            onClick={() => go(`/admin/partners?domain=${encodeURIComponent(domain)}`)}>
            {ta("reports.toPartner", { domain })}</Button>}
      </div>
    </Panel>
  );
}
