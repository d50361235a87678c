// Making an account, and giving one another password.
import { useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { CopyBox } from "../../components/copy.js";
import { closeDialog, Dialog, openDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { me } from "../../state/account.js";
import { messageOf } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ta } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { Warning } from "./frame.js";
import { makePassword } from "./password.js";

interface Made {
  account: string;
  password: string;
}

export function showNewUser(onMade: () => void): void {
  openDialog.value = () => <NewUser onMade={onMade} />;
}

export function showResetPassword(name: string, onDone: () => void): void {
  openDialog.value = () => <ResetPassword name={name} onDone={onDone} />;
}

function NewUser({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState("");
  const [made, setMade] = useState<Made>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const password = makePassword();
      const { account } = await admin.addUser(name.trim().toLowerCase(), password);
      setMade({ account, password });
      onMade();
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  if (made) return <ShownOnce title={ta("users.made", { account: made.account })} made={made} />;
  return (
    <Dialog title={ta("users.new")} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button type="submit" form="new-user" kind="primary" busy={isBusy} disabled={!name.trim()}>
        {t("action.create")}
      </Button>
    </>}>
      <form id="new-user" onSubmit={submit}>
        <TextField label={ta("users.name")} value={name} required autofocus autocomplete="off"
          autocapitalize="none" spellcheck={false} error={error}
          hint={ta("users.nameHint", { domain: me().domain })} onInput={(event) => {
            setName(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
      <p class="hint">{ta("users.newHint")}</p>
    </Dialog>
  );
}

function ResetPassword({ name, onDone }: { name: string; onDone: () => void }) {
  const account = `${name}@${me().domain}`;
  const [made, setMade] = useState<Made>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const reset = async () => {
    setBusy(true);
    try {
      const password = makePassword();
      await admin.changeUser(name, { password });
      setMade({ account, password });
      onDone();
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  if (made) return <ShownOnce title={ta("users.resetDone", { account })} made={made} />;
  return (
    <Dialog title={ta("users.reset")} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button kind="danger" busy={isBusy} onClick={() => void reset()}>{ta("users.reset")}</Button>
    </>}>
      <p>{ta("users.resetAsk", { account })}</p>
      {error && <Warning kind="bad">{error}</Warning>}
    </Dialog>
  );
}

/** A password that nobody can look up later. */
function ShownOnce({ title, made }: { title: string; made: Made }) {
  return (
    <Dialog title={title} onClose={closeDialog} footer={
      <Button kind="primary" onClick={closeDialog}>{ta("done")}</Button>
    }>
      <div class="labelled">
        <span>{ta("users.account")}</span>
        <CopyBox label={ta("users.account")} text={made.account} />
      </div>
      <div class="labelled">
        <span>{ta("users.password")}</span>
        <CopyBox label={ta("users.password")} text={made.password} />
      </div>
      <Warning>{ta("users.once")}</Warning>
    </Dialog>
  );
}
