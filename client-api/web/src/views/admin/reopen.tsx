// Letting a group go on from an earlier record. What is void by it is told before it is done.
import { useState } from "preact/hooks";
import { Ago } from "../../components/ago.js";
import { Button } from "../../components/button.js";
import { DataTable } from "../../components/data-table.js";
import { closeDialog, Dialog, openDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { useResource } from "../../state/resource.js";
import { messageOf, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { Facts, Loaded, Nothing, Warning } from "./frame.js";
import type { Group, Reopening, VoidLine } from "./types.js";

export function showReopen(group: Group, onDone: () => void): void {
  openDialog.value = () => <Reopen group={group} onDone={onDone} />;
}

export function showVoided(group: Group): void {
  openDialog.value = () => <Voided group={group} />;
}

/** A record as it is written: `1.42`; nothing is the newest that no proof contradicts. */
function recordOf(text: string): [number, number] | null {
  const found = /^(\d+)\.(\d+)$/.exec(text.trim());
  return found ? [Number(found[1]), Number(found[2])] : null;
}

function Reopen({ group, onDone }: { group: Group; onDone: () => void }) {
  const [at, setAt] = useState("");
  const [preview, setPreview] = useState<Reopening>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const isValid = !at.trim() || recordOf(at) !== null;
  const look = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      setPreview(await admin.reopenGroup(group.channel, recordOf(at), false));
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  if (preview) {
    return <ReallyReopen group={group} preview={preview} onDone={onDone}
      onBack={() => setPreview(undefined)} />;
  }
  return (
    <Dialog title={ta("reopen.title", { name: group.name })} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button type="submit" form="reopen" kind="primary" busy={isBusy} disabled={!isValid}>
        {ta("reopen.look")}</Button>
    </>}>
      <p class="step">{ta("reopen.step", { step: 1 })}</p>
      <p>{ta("reopen.what")}</p>
      <form id="reopen" onSubmit={look}>
        <TextField label={ta("reopen.at")} value={at} placeholder="1.42" autocomplete="off"
          hint={ta("reopen.atHint")} error={error ?? (isValid ? undefined : ta("reopen.atWrong"))}
          onInput={(event) => {
            setAt(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
    </Dialog>
  );
}

function ReallyReopen({ group, preview, onDone, onBack }: {
  group: Group; preview: Reopening; onDone: () => void; onBack: () => void;
}) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const { base, voided, unheard } = preview;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      // At the very record that was shown: a newer one may have come meanwhile.
      await admin.reopenGroup(group.channel, recordOf(base), true);
      closeDialog();
      toast(ta("reopen.done", { name: group.name, base }));
      onDone();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={ta("reopen.title", { name: group.name })} onClose={closeDialog} wide footer={<>
      <Button onClick={onBack}>{ta("back")}</Button>
      <Button type="submit" form="reopen-now" kind="danger" busy={isBusy}
        disabled={typed.trim() !== group.name.trim()}>{ta("groups.reopen")}</Button>
    </>}>
      <p class="step">{ta("reopen.step", { step: 2 })}</p>
      <Facts of={[
        [ta("reopen.base"), <code>{base}</code>],
        [ta("reopen.voided"), tan("reopen.records", voided.length)],
      ]} />
      {voided.length > 0 && <VoidTable list={voided} />}
      {unheard.length > 0 && <Warning kind="bad">
        {ta("reopen.unheard", { domains: unheard.join(", ") })}</Warning>}
      <Warning>{ta("reopen.final")}</Warning>
      <form id="reopen-now" onSubmit={submit}>
        <TextField label={ta("reopen.type", { name: group.name })} value={typed} error={error}
          autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />
      </form>
    </Dialog>
  );
}

function Voided({ group }: { group: Group }) {
  const voided = useResource(() => admin.voided(group.channel));
  return (
    <Dialog title={ta("reopen.voidedOf", { name: group.name })} onClose={closeDialog} wide footer={
      <Button kind="primary" onClick={closeDialog}>{t("action.close")}</Button>
    }>
      <p class="hint">{ta("reopen.voidedHint")}</p>
      <Loaded of={voided}>{(list) => list.length ? <VoidTable list={list} />
        : <Nothing>{ta("reopen.noneVoided")}</Nothing>}</Loaded>
    </Dialog>
  );
}

function VoidTable({ list }: { list: VoidLine[] }) {
  return (
    <div class="scrolls">
      <DataTable label={ta("reopen.voided")} rows={list} id={(each) => each.record} columns={[
        {
          title: ta("reopen.record"), kind: "main", cell: ({ record }) => <code>{record}</code>,
        },
        { title: ta("reopen.what.title"), kind: "grow", cell: ({ what }) => what },
        { title: ta("reopen.by"), cell: ({ by }) => by ?? ta("reopen.byHome") },
        { title: ta("reopen.when"), cell: (each) => <Ago at={each.unix_ms} /> },
      ]} />
    </div>
  );
}
