// How it is between the node and a partner, in words.
import type { ComponentChildren } from "preact";
import { Ago } from "../../components/ago.js";
import { formatNumber } from "../../text/format.js";
import { formatBytes, formatSpan } from "../../text/units.js";
import { ta, tan } from "../../i18n/admin.js";
import { BACKLOG_COUNTED_MAX, type Peer } from "./types.js";

export type LinkKind = "up" | "dialling" | "down";

export function linkKind({ link }: Peer): LinkKind {
  return typeof link === "string" ? link : "up";
}

/** Up, being dialled or down, and since when. */
export function LinkState({ peer }: { peer: Peer }) {
  const kind = linkKind(peer);
  const since = typeof peer.link === "string" ? peer.down_since_unix_ms
    : peer.link.up.since_unix_ms;
  return (
    <span class={`link-state ${kind}`}>
      <span class="link-dot" aria-hidden="true" />
      <span>
        <strong>{ta(`link.${kind}`)}</strong>{since && <small> <Ago at={since} /></small>}
      </span>
    </span>
  );
}

/** What waits for the partner: records, and for how long the oldest does. */
export function Backlog({ peer: { backlog } }: { peer: Peer }) {
  if (!backlog) return <span class="hint">{ta("backlog.unknown")}</span>;
  if (!backlog.records) return <span class="hint">{ta("backlog.none")}</span>;
  const count = backlog.records >= BACKLOG_COUNTED_MAX
    ? ta("backlog.atLeast", { count: formatNumber(backlog.records) })
    : tan("backlog.records", backlog.records);
  return <span class="stacked backlog">
    <strong>{count}</strong><small>{ta("backlog.oldest", {
      span: formatSpan(backlog.oldest_ms),
    })}</small>
  </span>;
}

export function Trouble({ peer: { trouble } }: { peer: Peer }): ComponentChildren {
  if (!trouble) return null;
  return <span class="stacked trouble">
    <span>{trouble.why}</span>
    <small><code>{trouble.code}</code> · <Ago at={trouble.unix_ms} /></small>
  </span>;
}

export function NextTry({ peer }: { peer: Peer }): ComponentChildren {
  if (peer.next_try_ms === null) return null;
  return ta("partners.nextIn", { span: formatSpan(peer.next_try_ms) });
}

export function Traffic({ peer }: { peer: Peer }) {
  const [bytesTo = 0, bytesFrom = 0] = peer.bytes_per_minute;
  const [recordsTo = 0, recordsFrom = 0] = peer.records_per_minute;
  return <span class="stacked traffic">
    <span title={ta("traffic.to")}>
      <span aria-hidden="true">↑ </span><span class="visually-hidden">{ta("traffic.to")}: </span>
      {formatBytes(bytesTo)}<small> · {tan("backlog.records", recordsTo)}</small>
    </span>
    <span title={ta("traffic.from")}>
      <span aria-hidden="true">↓ </span><span class="visually-hidden">{ta("traffic.from")}: </span>
      {formatBytes(bytesFrom)}<small> · {tan("backlog.records", recordsFrom)}</small>
    </span>
  </span>;
}
