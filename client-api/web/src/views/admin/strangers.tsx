import { Ago } from "../../components/ago.js";
import { DataTable } from "../../components/data-table.js";
import { formatNumber } from "../../text/format.js";
import { ta, type AdminKey } from "../../i18n/admin.js";
import { Panel } from "./frame.js";
import type { Stranger } from "./types.js";

const KINDS: Record<string, AdminKey> = {
  crowded: "stranger.crowded",
  handshake: "stranger.handshake",
  hello: "stranger.hello",
  identity: "stranger.identity",
  silent: "stranger.silent",
};

/** Who dialled, and of whom it was never known who they are. */
export function Strangers({ strangers }: { strangers: Stranger[] }) {
  if (!strangers.length) return null;
  return (
    <Panel title={ta("stranger.title")} hint={ta("stranger.hint")}>
      <DataTable label={ta("stranger.title")} rows={strangers} id={(each) => each.kind} columns={[
        {
          title: ta("stranger.kind"), kind: "main",
          cell: ({ kind }) => KINDS[kind] ? ta(KINDS[kind]) : kind,
        },
        { title: ta("stranger.times"), kind: "number", cell: ({ times }) => formatNumber(times) },
        { title: ta("stranger.last"), cell: (each) => <Ago at={each.last_unix_ms} /> },
        { title: ta("stranger.from"), cell: ({ from }) => from && <code>{from}</code> },
        { title: ta("stranger.as"), cell: ({ domain }) => domain },
        { title: ta("stranger.code"), cell: ({ code }) => code && <code>{code}</code> },
      ]} />
    </Panel>
  );
}
