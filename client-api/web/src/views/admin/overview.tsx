// How the node does: what asks for the admin first, then live figures.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { Icon, type IconName } from "../../components/icon.js";
import { Link } from "../../components/page.js";
import { nodeNow } from "../../state/clock.js";
import { useResource, type Resource } from "../../state/resource.js";
import { formatFull, formatNumber } from "../../text/format.js";
import { formatBytes, formatFigure, formatSpan } from "../../text/units.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { AdminFrame, Facts, Loaded, Panel, useShared, Warning } from "./frame.js";
import { Chart, type Sample } from "./chart.js";
import { Strangers } from "./strangers.js";
import type { Figures, Policy, Queue, Status } from "./types.js";

const POLL_MS = 5_000;
const SPAN_MS = 10 * 60_000;
const GAP_MS = 3 * POLL_MS;

/** What was measured while somebody looked; it stays while the console is left for a while. */
const measured = signal<Record<string, Sample[]>>({});

export function OverviewPage() {
  const { status, policy } = useShared();
  const figures = useResource(admin.figures, { everyMs: POLL_MS });
  useEffect(() => {
    if (figures.data) note(figures.data);
  }, [figures.data]);
  return (
    <AdminFrame title={ta("nav.overview")}>
      <Loaded of={status}>{(data) => <>
        {data.is_clock_doubted && <Warning kind="bad">{ta("overview.clock")}</Warning>}
        <Attention status={data} policy={policy.data} />
      </>}</Loaded>
      {!figures.isMissing && <LiveFigures figures={figures} />}
      {status.data && <Strangers strangers={status.data.strangers} />}
    </AdminFrame>
  );
}

/** Counts of what waits for the admin, each the way to it. */
function Attention({ status, policy }: { status: Status; policy: Policy | undefined }) {
  const linked = status.peers.filter((each) => each.is_linked).length;
  const waiting = policy?.asking.length ?? 0;
  const held = status.read_only + status.comparing;
  return (
    <ul class="tiles">
      <Tile to="/admin/partners" icon="globe" title={ta("nav.partners")}
        value={`${formatNumber(linked)} / ${formatNumber(status.peers.length)}`}
        note={ta("overview.linked")} isBad={linked < status.peers.length} />
      <Tile to="/admin/rules" icon="shield" title={ta("overview.waiting")}
        value={formatNumber(waiting)} note={tan("policy.waiting", waiting)} isBad={waiting > 0} />
      <Tile to="/admin/reports" icon="flag" title={ta("nav.reports")}
        value={formatNumber(status.reports)} note={tan("reports.open", status.reports)}
        isBad={status.reports > 0} />
      <Tile to="/admin/groups" icon="hash" title={ta("overview.held")} value={formatNumber(held)}
        note={ta("overview.heldNote", {
          readOnly: formatNumber(status.read_only), comparing: formatNumber(status.comparing),
        })} isBad={held > 0} />
      <Tile to="/admin/forks" icon="warning" title={ta("nav.forks")}
        value={formatNumber(status.forks)} note={tan("forks.count", status.forks)}
        isBad={status.forks > 0} />
    </ul>
  );
}

function Tile({ to, icon, title, value, note, isBad }: {
  to: string; icon: IconName; title: string; value: string; note: string; isBad: boolean;
}) {
  return (
    <li>
      <Link to={to} class={`tile${isBad ? " attention" : ""}`}>
        <span class="tile-title"><Icon name={icon} size={16} />{title}</span>
        <strong>{value}</strong>
        <small>{note}</small>
      </Link>
    </li>
  );
}

const perSecond = (value: number) => ta("figure.perSecond", { value: formatFigure(value) });
const inMs = (value: number) => ta("figure.ms", { value: formatFigure(value) });

function LiveFigures({ figures }: { figures: Resource<Figures> }) {
  return (
    <Panel title={ta("overview.live")} hint={ta("overview.liveHint")}>
      <Loaded of={figures}>{(data) => <>
        <div class="figures">
          <Live name="connections" label={ta("figure.connections")} value={data.connections}
            format={formatNumber} />
          <Live name="in" label={ta("figure.in")} value={data.messages_in_per_second}
            format={perSecond} />
          <Live name="out" label={ta("figure.out")} value={data.messages_out_per_second}
            format={perSecond} />
          <Live name="latency" label={ta("figure.latency")} value={data.latency_ms?.p50}
            format={inMs} more={data.latency_ms && ta("figure.latencyMore", {
              value: inMs(data.latency_ms.p99),
            })} />
          {data.queues && data.queues.length > 0 && (
            <Live name="queued" label={ta("figure.queued")} value={waitingIn(data.queues)}
              format={formatNumber} />
          )}
        </div>
        <div class="two-columns">
          <Storage figures={data} />
          {data.queues && data.queues.length > 0 && <Queues queues={data.queues} />}
        </div>
      </>}</Loaded>
    </Panel>
  );
}

function Live({ name, label, value, format, more }: {
  name: string;
  label: string;
  value: number | undefined;
  format: (value: number) => string;
  more?: ComponentChildren;
}) {
  // It keeps its place where nothing is known, so that the others keep theirs.
  return (
    <div class="figure">
      <span class="figure-label">{label}</span>
      <strong>{value === undefined ? "–" : format(value)}{more && <small> {more}</small>}</strong>
      <Chart label={label} samples={measured.value[name] ?? []} format={format} spanMs={SPAN_MS}
        gapMs={GAP_MS} />
    </div>
  );
}

function Storage({ figures }: { figures: Figures }) {
  const { store_bytes: store, journal_bytes: journal, search_bytes: search } = figures;
  const sizes = [[ta("figure.store"), store], [ta("figure.journal"), journal],
    [ta("figure.search"), search]] as const;
  const all = sizes.reduce((sum, [, size]) => sum + (size ?? 0), 0);
  return (
    <div>
      <h3>{ta("overview.storage")}</h3>
      <Facts of={[
        ...sizes.map(([name, size]) => size === undefined ? null : [name, <>
          <Bar part={all ? size / all : 0} isShare />{formatBytes(size)}
        </>] as const),
        figures.started_unix_ms === undefined ? null : [ta("figure.uptime"), <>
          <time dateTime={new Date(figures.started_unix_ms).toISOString()}
            title={formatFull(new Date(figures.started_unix_ms).toISOString())}>
            {formatSpan(nodeNow() - figures.started_unix_ms)}</time>
        </>],
        figures.version === undefined ? null : [ta("figure.version"), figures.version],
      ]} />
    </div>
  );
}

function Queues({ queues }: { queues: Queue[] }) {
  return (
    <div>
      <h3>{ta("overview.queues")}</h3>
      <Facts of={queues.map(({ name, length, max }) => [name, <>
        {max ? <Bar part={length / max} /> : null}
        {max ? `${formatNumber(length)} / ${formatNumber(max)}` : formatNumber(length)}
      </>])} />
    </div>
  );
}

/** A part of a whole; of what has a limit, beyond eight tenths it is a warning. */
function Bar({ part, isShare }: { part: number; isShare?: boolean }) {
  return (
    <svg class={`bar${!isShare && part > 0.8 ? " full" : ""}`} viewBox="0 0 100 6"
      aria-hidden="true" preserveAspectRatio="none">
      <rect class="bar-ground" width="100" height="6" rx="3" />
      <rect width={Math.min(100, part * 100)} height="6" rx="3" />
    </svg>
  );
}

function waitingIn(queues: Queue[]): number {
  return queues.reduce((sum, { length }) => sum + length, 0);
}

function note(figures: Figures): void {
  const at = Date.now();
  const values: Record<string, number | undefined> = {
    connections: figures.connections,
    in: figures.messages_in_per_second,
    out: figures.messages_out_per_second,
    latency: figures.latency_ms?.p50,
    queued: figures.queues && waitingIn(figures.queues),
  };
  const next: Record<string, Sample[]> = {};
  for (const [name, value] of Object.entries(values)) {
    const before = (measured.peek()[name] ?? []).filter((each) => each.at > at - SPAN_MS);
    if (value !== undefined) next[name] = [...before, { at, value }];
  }
  measured.value = next;
}
