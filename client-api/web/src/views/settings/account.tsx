// The password, and the end of the account.
import { useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { CopyBox } from "../../components/copy.js";
import { closeDialog, Dialog, openDialog } from "../../components/dialog.js";
import { PasswordField, TextField } from "../../components/field.js";
import { Panel } from "../../components/sections.js";
import { me, signedIn, signOut, wasLoggedOut } from "../../state/account.js";
import { messageOf, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ts } from "../../i18n/settings.js";
import { SettingsFrame } from "./frame.js";

const PASSWORD_MIN = 8;

export function AccountPage() {
  return (
    <SettingsFrame title={ts("nav.security")}>
      <Panel title={ts("account.address")} hint={ts("account.addressHint")}>
        <CopyBox label={ts("account.address")} text={me().account} />
      </Panel>
      <ChangePassword />
      <Panel title={ts("delete.title")} hint={ts("delete.hint")} actions={
        <Button kind="danger" onClick={() => (openDialog.value = () => <DeleteAccount />)}>
          {ts("delete.action")}</Button>
      } />
    </SettingsFrame>
  );
}

function ChangePassword() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const differs = Boolean(again) && again !== next;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await me().client.api.accounts.setPassword(old, next);
      for (const clear of [setOld, setNext, setAgain]) clear("");
      toast(ts("password.done"));
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  return (
    <Panel title={ts("password.title")} hint={ts("password.hint")}>
      <form class="stacked-form" onSubmit={submit}>
        <input type="text" autocomplete="username" value={me().account} hidden readOnly />
        <PasswordField label={ts("password.old")} value={old} required error={error}
          autocomplete="current-password" onInput={(event) => {
            setOld(event.currentTarget.value);
            setError(undefined);
          }} />
        <PasswordField label={ts("password.new")} value={next} required minLength={PASSWORD_MIN}
          autocomplete="new-password" hint={t("auth.passwordHint")}
          onInput={(event) => setNext(event.currentTarget.value)} />
        <PasswordField label={t("auth.passwordAgain")} value={again} required
          autocomplete="new-password" error={differs ? t("auth.passwordsDiffer") : undefined}
          onInput={(event) => setAgain(event.currentTarget.value)} />
        <Button type="submit" kind="primary" busy={isBusy}
          disabled={!old || next.length < PASSWORD_MIN || next !== again}>
          {ts("password.change")}</Button>
      </form>
    </Panel>
  );
}

const CONSEQUENCES = ["leave", "devices", "name", "kept", "erase"] as const;

function DeleteAccount() {
  const { account, client } = me();
  const [password, setPassword] = useState("");
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await client.api.accounts.deleteAccount(password);
      closeDialog();
      toast(ts("delete.done", { account }));
      // The node may have ended the session already.
      if (signedIn.peek()) await signOut();
      wasLoggedOut.value = false;
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={ts("delete.title")} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button type="submit" form="delete-account" kind="danger" busy={isBusy}
        disabled={!password || typed.trim() !== account}>{ts("delete.action")}</Button>
    </>}>
      <p>{ts("delete.ask", { account })}</p>
      <ul class="bullets">
        {CONSEQUENCES.map((each) => <li key={each}>{ts(`delete.${each}`)}</li>)}
      </ul>
      <form id="delete-account" onSubmit={submit}>
        <TextField label={ts("delete.type", { account })} value={typed} autocomplete="off"
          autocapitalize="none" spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)} />
        <PasswordField label={t("auth.password")} value={password} error={error}
          autocomplete="current-password" onInput={(event) => {
            setPassword(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
    </Dialog>
  );
}
