// Proofs that an organisation contradicted itself.
import { Button } from "../../components/button.js";
import { DataTable } from "../../components/data-table.js";
import { Link } from "../../components/page.js";
import { me } from "../../state/account.js";
import { useResource } from "../../state/resource.js";
import { attempt } from "../../state/toasts.js";
import { formatNumber } from "../../text/format.js";
import { t } from "../../i18n/index.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { AdminFrame, Loaded, Nothing, Warning } from "./frame.js";
import { partnerPath } from "./partners.js";
import type { Fork } from "./types.js";

export function ForksPage() {
  const forks = useResource(admin.forks);
  const groups = useResource(admin.groups);
  const names = new Map((groups.data ?? []).map((each) => [each.channel, each.name]));
  return (
    <AdminFrame title={ta("nav.forks")} intro={ta("forks.intro")}>
      <Loaded of={forks}>{(data) => data.length ? <>
        {data.some(({ domain }) => domain === me().domain)
          && <Warning kind="bad">{ta("forks.own")}</Warning>}
        <p class="hint">{tan("forks.count", data.length)}</p>
        <DataTable label={ta("nav.forks")} rows={data} id={(each) => each.id} columns={[
          {
            title: ta("forks.by"), kind: "main", cell: ({ domain }) => domain === me().domain
              ? domain : <Link to={partnerPath(domain)} class="row-link">{domain}</Link>,
          },
          {
            title: ta("forks.channel"), kind: "grow",
            cell: ({ channel }) => <span class="stacked">
              {names.get(channel) && <span>{names.get(channel)}</span>}
              <small><code class="breaks">{channel}</code></small>
            </span>,
          },
          { title: ta("forks.record"), kind: "number", cell: ({ record }) => formatNumber(record) },
          {
            title: t("action.more"), kind: "actions",
            cell: (fork) => <Button icon="down" onClick={() => void download(fork)}>
              {ta("forks.download")}</Button>,
          },
        ]} />
        <p class="hint">{ta("forks.check")} <code>comity proof check</code></p>
      </> : <Nothing>{ta("forks.none")}</Nothing>}</Loaded>
    </AdminFrame>
  );
}

/** Hands the proof over as a file, as `comity proof export` writes it. */
async function download({ id, domain }: Fork): Promise<void> {
  await attempt(async () => {
    const lines = (await admin.proof(id)).match(/.{1,76}/g) ?? [];
    const url = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${domain}-${id.slice(0, 12)}.proof`;
    link.click();
    URL.revokeObjectURL(url);
  });
}
