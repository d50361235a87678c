// Other organisations, and how it is between them and this node.
import { useState } from "preact/hooks";
import { go } from "../../app/router.js";
import { Button, IconButton } from "../../components/button.js";
import { Choice } from "../../components/choice.js";
import { DataTable } from "../../components/data-table.js";
import { closeDialog, Dialog, openDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { openMenu, type MenuItem } from "../../components/menu.js";
import { Link } from "../../components/page.js";
import { useResource, type Resource } from "../../state/resource.js";
import { t } from "../../i18n/index.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, AdminFrame, Loaded, Nothing, Tag, useShared, Warning, type Shared }
  from "./frame.js";
import { FilterField } from "./filter-field.js";
import { Backlog, linkKind, LinkState, NextTry, Traffic, Trouble } from "./link-state.js";
import { ruleOf, setStance, showLimits, StanceTag } from "./rule-actions.js";
import type { Peer } from "./types.js";

const POLL_MS = 5_000;

export function PartnersPage() {
  const peers = useResource(admin.peers, { everyMs: POLL_MS });
  const [words, setWords] = useState("");
  const [shown, show] = useState<"all" | "trouble">("all");
  return (
    <AdminFrame title={ta("nav.partners")} actions={
      <Button icon="plus" onClick={() => (openDialog.value = () => <GoToDomain />)}>
        {ta("partners.other")}</Button>
    }>
      <Waiting />
      <div class="filters">
        <FilterField label={ta("partners.search")} value={words} onChange={setWords} />
        <Choice label={ta("groups.show")} value={shown} onChange={show} options={[
          ["all", ta("list.all")], ["trouble", ta("partners.inTrouble")],
        ]} />
      </div>
      <Loaded of={peers}>{(data) => {
        const found = data.filter((each) => each.domain.includes(words.toLowerCase())
          && (shown === "all" || isTroubled(each)));
        return <>
          <p class="hint" role="status">{tan("partners.count", found.length)}</p>
          {found.length ? <Peers list={found} peers={peers} />
            : <Nothing>{ta(data.length ? "partners.none" : "partners.noneYet")}</Nothing>}
        </>;
      }}</Loaded>
    </AdminFrame>
  );
}

function isTroubled(peer: Peer): boolean {
  return linkKind(peer) !== "up" || Boolean(peer.refused_key) || Boolean(peer.copies);
}

/** That somebody waits to be let in. */
function Waiting() {
  const asking = useShared().policy.data?.asking ?? [];
  if (!asking.length) return null;
  return (
    <Warning action={<Button onClick={() => go("/admin/rules")}>{ta("policy.decide")}</Button>}>
      {tan("policy.waiting", asking.length)}: {asking.map(({ domain }) => domain).join(", ")}
    </Warning>
  );
}

function Peers({ list, peers }: { list: Peer[]; peers: Resource<Peer[]> }) {
  const shared = useShared();
  return (
    <DataTable label={ta("nav.partners")} rows={list} id={(each) => each.domain} columns={[
      {
        title: ta("partners.domain"), kind: "main", cell: (each) => (
          <span class="stacked">
            <Link to={partnerPath(each.domain)} class="row-link">{each.domain}</Link>
            <Signs peer={each} shared={shared} />
          </span>
        ),
      },
      { title: ta("partners.link"), cell: (each) => <LinkState peer={each} /> },
      { title: ta("partners.backlog"), cell: (each) => <Backlog peer={each} /> },
      {
        title: ta("partners.lastError"), kind: "grow", cell: (each) => {
          if (!each.trouble && each.next_try_ms === null) return null;
          return <span class="stacked"><Trouble peer={each} />
            {each.next_try_ms !== null && <small class="hint"><NextTry peer={each} /></small>}
          </span>;
        },
      },
      { title: ta("partners.traffic"), cell: (each) => <Traffic peer={each} /> },
      {
        title: t("action.more"), kind: "actions", cell: (each) => (
          <IconButton icon="dots" label={ta("partners.actions", { domain: each.domain })}
            onClick={(event) => openMenu(event.currentTarget,
              ta("partners.actions", { domain: each.domain }), actionsOf(each, peers, shared))} />
        ),
      },
    ]} />
  );
}

function Signs({ peer, shared }: { peer: Peer; shared: Shared }) {
  const line = ruleOf(shared, peer.domain);
  return (
    <span class="tags">
      {line && <StanceTag line={line} />}
      {peer.refused_key && <Tag kind="bad">{ta("key.changed")}</Tag>}
      {peer.copies && <Tag kind="bad">{ta("copies.tag")}</Tag>}
    </span>
  );
}

export function partnerPath(domain: string): string {
  return `/admin/partners?domain=${encodeURIComponent(domain)}`;
}

export async function retry(domain: string, ...changed: Resource<unknown>[]): Promise<void> {
  let isDialled = true;
  const work = async () => {
    isDialled = await admin.retryPeer(domain);
  };
  await act(async () => {
    await work();
    if (!isDialled) throw new Error(ta("partners.isLinked", { domain }));
  }, ta("partners.retried", { domain }), ...changed);
}

function actionsOf(peer: Peer, peers: Resource<Peer[]>, shared: Shared): (MenuItem | null)[] {
  const { domain } = peer;
  const stance = ruleOf(shared, domain)?.rule.stance;
  return [
    { label: ta("partners.details"), icon: "info", run: () => go(partnerPath(domain)) },
    ...(linkKind(peer) === "up" ? [] : [{
      label: ta("partners.retry"), icon: "down" as const, run: () => void retry(domain, peers),
    }]),
    { label: ta("doctor.of"), icon: "check", run: () => go(doctorPath(domain)) },
    { label: ta("limits.set"), icon: "settings", run: () => showLimits(shared, domain) },
    null,
    ...(stance === "allow" ? [] : [{
      label: ta("rule.allow"), icon: "shield" as const,
      run: () => void setStance(shared, domain, "allow"),
    }]),
    ...(stance === "block" ? [] : [{
      label: ta("rule.block"), icon: "close" as const, danger: true,
      run: () => void setStance(shared, domain, "block"),
    }]),
  ];
}

export function doctorPath(domain: string): string {
  return `/admin/doctor?domain=${encodeURIComponent(domain)}`;
}

/** A name or several with dots between; the node looks closer. */
const DOMAIN = /^[^\s.@:/]+(\.[^\s.@:/]+)*$/;

/** To say something of a domain that is no partner yet. */
function GoToDomain() {
  const [domain, setDomain] = useState("");
  const [error, setError] = useState<string>();
  const submit = (event: Event) => {
    event.preventDefault();
    const typed = domain.trim().toLowerCase();
    if (!DOMAIN.test(typed)) return setError(ta("partners.noDomain"));
    closeDialog();
    go(partnerPath(typed));
  };
  return (
    <Dialog title={ta("partners.other")} onClose={closeDialog} footer={
      <Button type="submit" form="other-domain" kind="primary" disabled={!domain.trim()}>
        {t("action.open")}</Button>
    }>
      <form id="other-domain" onSubmit={submit}>
        <TextField label={ta("partners.domain")} value={domain} required autofocus
          autocapitalize="none" spellcheck={false} autocomplete="off" placeholder="globex.example"
          hint={ta("partners.otherHint")} error={error} onInput={(event) => {
            setDomain(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
    </Dialog>
  );
}
