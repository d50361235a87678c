import { useState } from "preact/hooks";
import { go, query } from "../app/router.js";
import { Button } from "../components/button.js";
import { PasswordField, TextField } from "../components/field.js";
import { Icon } from "../components/icon.js";
import { nodeDomain, signIn, wasLoggedOut } from "../state/account.js";
import { messageOf } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { Entrance } from "./entrance.js";

export function SignIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const next = query.peek().get("next");
      await signIn(name, password);
      // A path of this client and nothing else: `//elsewhere` would be another site.
      go(next && /^\/(?!\/)/.test(next) ? next : "/", { replace: true });
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  const domain = nodeDomain.value;
  return (
    <Entrance title={t("auth.signInTo", { domain })}>
      {wasLoggedOut.value && (
        <p class="notice" role="status"><Icon name="info" />{t("auth.loggedOut")}</p>
      )}
      <form onSubmit={submit}>
        <TextField label={t("auth.account")} value={name} autocomplete="username" required
          autofocus autocapitalize="none" spellcheck={false} name="username"
          hint={t("auth.accountHint", { domain })}
          onInput={(event) => setName(event.currentTarget.value)} />
        <PasswordField label={t("auth.password")} value={password} required name="password"
          autocomplete="current-password" error={error}
          onInput={(event) => setPassword(event.currentTarget.value)} />
        <Button type="submit" kind="primary" class="wide" busy={isBusy}>{t("auth.signIn")}</Button>
      </form>
      <p class="entrance-other">
        <a href="/sign-up" onClick={(event) => {
          event.preventDefault();
          go("/sign-up");
        }}>{t("auth.createAccount")}</a>
      </p>
    </Entrance>
  );
}
