// Invitations to the node: links with which accounts can be made.
import { useState } from "preact/hooks";
import { Ago } from "../../components/ago.js";
import { Button } from "../../components/button.js";
import { CopyBox } from "../../components/copy.js";
import { DataTable } from "../../components/data-table.js";
import { closeDialog, confirm, Dialog, openDialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { me } from "../../state/account.js";
import { useResource, type Resource } from "../../state/resource.js";
import { messageOf } from "../../state/toasts.js";
import { formatNumber } from "../../text/format.js";
import { t } from "../../i18n/index.js";
import { ta } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, AdminFrame, Loaded, Nothing, Warning } from "./frame.js";
import { INVITE_USES_MAX, type Invite, type NewInvite } from "./types.js";

const DAY = 86_400;
const LIFETIMES = [
  ["1", "invites.day"], ["7", "invites.week"], ["30", "invites.month"], ["365", "invites.year"],
] as const;

export function InvitesPage() {
  const invites = useResource(admin.invites);
  const make = () => {
    openDialog.value = () => <NewInviteDialog onMade={() => void invites.reload()} />;
  };
  return (
    <AdminFrame title={ta("nav.invites")} intro={ta("invites.intro")} actions={
      <Button kind="primary" icon="plus" onClick={make}>{ta("invites.new")}</Button>
    }>
      <Loaded of={invites}>{(data) => data.length
        ? <Invites list={data} invites={invites} /> : <Nothing>{ta("invites.none")}</Nothing>
      }</Loaded>
    </AdminFrame>
  );
}

function Invites({ list, invites }: { list: Invite[]; invites: Resource<Invite[]> }) {
  const revoke = async ({ id, uses }: Invite) => {
    const yes = await confirm({
      title: ta("invites.revoke"), action: ta("invites.revoke"), danger: true,
      text: ta("invites.revokeAsk", { uses: formatNumber(uses) }),
    });
    if (yes) await act(() => admin.revokeInvite(id), ta("invites.revoked"), invites);
  };
  return (
    <DataTable label={ta("nav.invites")} rows={list} id={(each) => each.id} columns={[
      { title: ta("invites.id"), kind: "main", cell: ({ id }) => <code>{id}</code> },
      { title: ta("invites.uses"), kind: "number", cell: ({ uses }) => formatNumber(uses) },
      { title: ta("invites.expires"), cell: (each) => <Ago at={each.expires_unix_ms} /> },
      {
        title: t("action.more"), kind: "actions",
        cell: (each) => <Button kind="quiet" onClick={() => void revoke(each)}>
          {ta("invites.revoke")}</Button>,
      },
    ]} />
  );
}

function NewInviteDialog({ onMade }: { onMade: () => void }) {
  const [uses, setUses] = useState("1");
  const [days, setDays] = useState<"1" | "7" | "30" | "365">("7");
  const [made, setMade] = useState<NewInvite>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const count = Number(uses);
  const isValid = Number.isInteger(count) && count >= 1 && count <= INVITE_USES_MAX;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      setMade(await admin.addInvite(count, Number(days) * DAY));
      onMade();
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  if (made) return <Made invite={made} />;
  return (
    <Dialog title={ta("invites.new")} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button type="submit" form="invite" kind="primary" busy={isBusy} disabled={!isValid}>
        {ta("invites.make")}</Button>
    </>}>
      <form id="invite" onSubmit={submit}>
        <TextField type="number" label={ta("invites.uses")} value={uses} required autofocus
          hint={ta("invites.usesHint", { max: formatNumber(INVITE_USES_MAX) })} error={error}
          onInput={(event) => setUses(event.currentTarget.value)} />
        <SelectField label={ta("invites.lifetime")} value={days} onChange={setDays}
          options={LIFETIMES.map(([value, key]) => [value, ta(key)] as const)} />
      </form>
    </Dialog>
  );
}

function Made({ invite }: { invite: NewInvite }) {
  const link = `${location.origin}/invite/${encodeURIComponent(invite.token)}`;
  return (
    <Dialog title={ta("invites.made", { domain: me().domain })} onClose={closeDialog} footer={
      <Button kind="primary" onClick={closeDialog}>{ta("done")}</Button>
    }>
      <CopyBox label={ta("invites.link")} text={link} />
      <p>{ta("invites.goodUntil")} <Ago at={invite.expires_unix_ms} />.</p>
      <Warning>{ta("invites.once")}</Warning>
    </Dialog>
  );
}
