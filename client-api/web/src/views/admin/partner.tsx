// All that is known of one other organisation, and what can be said of it.
import { useState } from "preact/hooks";
import { go } from "../../app/router.js";
import { Ago } from "../../components/ago.js";
import { Button } from "../../components/button.js";
import { CopyBox } from "../../components/copy.js";
import { closeDialog, Dialog, openDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { Link } from "../../components/page.js";
import { useResource, type Resource } from "../../state/resource.js";
import { messageOf, toast } from "../../state/toasts.js";
import { formatNumber } from "../../text/format.js";
import { t } from "../../i18n/index.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { AdminFrame, Facts, Loaded, Nothing, Panel, useShared, Warning } from "./frame.js";
import { Backlog, linkKind, LinkState, NextTry, Traffic, Trouble } from "./link-state.js";
import { doctorPath, retry } from "./partners.js";
import { forgetRule, ruleOf, setStance, showLimits, StanceTag } from "./rule-actions.js";
import { SharedGroups } from "./shared-groups.js";
import type { Peer } from "./types.js";

const POLL_MS = 5_000;

export function PartnerPage({ domain }: { domain: string }) {
  const peers = useResource(admin.peers, { everyMs: POLL_MS });
  return (
    <AdminFrame title={domain} back="/admin/partners" actions={
      <Button icon="check" onClick={() => go(doctorPath(domain))}>{ta("doctor.of")}</Button>
    }>
      <Link to="/admin/partners" class="back-link only-wide">{ta("partners.all")}</Link>
      <Loaded of={peers}>{(data) => {
        const peer = data.find((each) => each.domain === domain);
        return peer ? <Peering peer={peer} peers={peers} />
          : <Nothing>{ta("partners.unknown", { domain })}</Nothing>;
      }}</Loaded>
      <RulePanel domain={domain} />
      <FaultsPanel domain={domain} />
    </AdminFrame>
  );
}

function Peering({ peer, peers }: { peer: Peer; peers: Resource<Peer[]> }) {
  const { domain } = peer;
  const up = typeof peer.link === "string" ? undefined : peer.link.up;
  return <>
    {peer.refused_key && <ChangedKey peer={peer} peers={peers} />}
    {peer.copies && <Warning kind="bad">
      {ta("copies.text", {
        theirs: formatNumber(peer.copies.theirs), ours: formatNumber(peer.copies.ours),
      })} <Ago at={peer.copies.last_unix_ms} />
    </Warning>}
    <Panel title={ta("partners.link")} actions={linkKind(peer) !== "up" && (
      <Button icon="down" onClick={() => void retry(domain, peers)}>{ta("partners.retry")}</Button>
    )}>
      <Facts of={[
        [ta("users.state"), <LinkState peer={peer} />],
        up ? [ta("partners.dialledBy"), ta(up.is_dialled ? "partners.byUs" : "partners.byThem")]
          : null,
        [ta("partners.heard"), peer.heard_unix_ms ? <Ago at={peer.heard_unix_ms} />
          : ta("partners.neverHeard")],
        [ta("partners.backlog"), <Backlog peer={peer} />],
        [ta("partners.lastError"), peer.trouble ? <Trouble peer={peer} /> : ta("partners.noError")],
        peer.next_try_ms === null ? null : [ta("partners.nextTry"), <NextTry peer={peer} />],
        [ta("partners.traffic"), <Traffic peer={peer} />],
        peer.reports_dropped
          ? [ta("partners.dropped"), formatNumber(peer.reports_dropped)] : null,
      ]} />
    </Panel>
    <Panel title={ta("key.title")} hint={ta("key.hint")}>
      {peer.key ? <>
        <CopyBox label={ta("key.title")} text={peer.key} />
        <Facts of={[[ta("key.proof"), peer.proof
          ? ta(`key.${peer.proof}`) : ta("key.unproven")]]} />
      </> : <Nothing>{ta("key.none")}</Nothing>}
    </Panel>
  </>;
}

function RulePanel({ domain }: { domain: string }) {
  const shared = useShared();
  const line = ruleOf(shared, domain);
  const stance = line?.rule.stance;
  const mode = shared.policy.data?.mode ?? "";
  return (
    <Panel title={ta("rule.title")} hint={line ? <>
      {ta("rule.since")} <Ago at={line.since_unix_ms} />
    </> : ta("rule.byMode", { mode })}>
      <Facts of={[
        [ta("rule.title"), <StanceTag line={line} mode={mode} />],
        [ta("limits.asks"), shownLimit(line?.rule.asks_per_hour) ?? ta("limits.ofNode")],
        [ta("limits.records"), shownLimit(line?.rule.records_per_minute) ?? ta("limits.none")],
      ]} />
      {stance === "allow_named" && line && <SharedGroups line={line} />}
      <div class="panel-actions">
        {(["allow", "allow_named", "block"] as const).map((each) => each !== stance && (
          <Button key={each} kind={each === "block" ? "danger" : "plain"}
            onClick={() => void setStance(shared, domain, each)}>{ta(`rule.${each}`)}</Button>
        ))}
        <Button onClick={() => showLimits(shared, domain)}>{ta("limits.set")}</Button>
        {line && <Button kind="quiet" onClick={() => void forgetRule(shared, domain)}>
          {ta("rule.forget")}</Button>}
      </div>
    </Panel>
  );
}

function FaultsPanel({ domain }: { domain: string }) {
  const { status } = useShared();
  const line = status.data?.peers.find((each) => each.domain === domain);
  if (!line) return null;
  return (
    <Panel title={ta("faults.title")} hint={ta("faults.hint")}>
      <Facts of={[
        [ta("faults.faults"), formatNumber(line.faults)],
        [ta("faults.refused"), formatNumber(line.refused)],
        [ta("faults.void"), formatNumber(line.void)],
        [ta("faults.denied"), formatNumber(line.denied)],
        [ta("faults.waiting"), tan("faults.logs", line.waiting)],
      ]} />
    </Panel>
  );
}

/** Its records name another organisation's key: somebody has to say that it is right. */
function ChangedKey({ peer, peers }: { peer: Peer; peers: Resource<Peer[]> }) {
  const accept = () => {
    openDialog.value = () => <AcceptKey peer={peer} onDone={() => void peers.reload()} />;
  };
  return (
    <Panel kind="bad" title={ta("key.changedTitle")}>
      <p>{ta("key.changedText", { domain: peer.domain })}</p>
      <div class="labelled">
        <span>{ta("key.now")}</span>
        <CopyBox label={ta("key.now")} text={peer.refused_key ?? ""} />
      </div>
      <div class="panel-actions">
        <Button kind="danger" icon="warning" onClick={accept}>{ta("key.accept")}</Button>
      </div>
    </Panel>
  );
}

function AcceptKey({ peer, onDone }: { peer: Peer; onDone: () => void }) {
  const [told, setTold] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const isSame = told.trim() === peer.refused_key;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await admin.acceptKey(peer.domain, told.trim());
      closeDialog();
      toast(ta("key.accepted", { domain: peer.domain }));
      onDone();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={ta("key.acceptTitle", { domain: peer.domain })} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button type="submit" form="accept-key" kind="danger" busy={isBusy} disabled={!isSame}>
        {ta("key.accept")}</Button>
    </>}>
      <Warning kind="bad">{ta("key.danger", { domain: peer.domain })}</Warning>
      <p>{ta("key.how", { domain: peer.domain })}</p>
      <form id="accept-key" onSubmit={submit}>
        <TextField label={ta("key.told")} value={told} autofocus autocomplete="off"
          spellcheck={false} autocapitalize="none" hint={ta("key.toldHint")}
          error={error ?? (told.trim() && !isSame ? ta("key.differs") : undefined)}
          onInput={(event) => {
            setTold(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
    </Dialog>
  );
}

const shownLimit = (count: number | null | undefined) =>
  typeof count === "number" ? formatNumber(count) : undefined;
