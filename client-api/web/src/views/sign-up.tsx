import { useState } from "preact/hooks";
import { go, route } from "../app/router.js";
import { Button } from "../components/button.js";
import { PasswordField, TextField } from "../components/field.js";
import { nodeDomain, signUp } from "../state/account.js";
import { messageOf } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { Entrance } from "./entrance.js";

const PASSWORD_MIN = 8;

export function SignUp() {
  const to = route.value;
  const invite = to.at === "invite" ? to.token : undefined;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (password !== again) return setError(t("auth.passwordsDiffer"));
    setBusy(true);
    setError(undefined);
    try {
      await signUp(name, password, invite);
      go("/", { replace: true });
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  const domain = nodeDomain.value;
  return (
    <Entrance title={t(invite ? "auth.invited" : "auth.signUpTo", { domain })}>
      <form onSubmit={submit}>
        <TextField label={t("auth.account")} value={name} autocomplete="username" required
          autofocus autocapitalize="none" spellcheck={false} name="username"
          hint={t("auth.nameHint")} onInput={(event) => setName(event.currentTarget.value)} />
        <PasswordField label={t("auth.password")} value={password} required name="password"
          minLength={PASSWORD_MIN} autocomplete="new-password" hint={t("auth.passwordHint")}
          onInput={(event) => setPassword(event.currentTarget.value)} />
        <PasswordField label={t("auth.passwordAgain")} value={again} required name="again"
          autocomplete="new-password" error={error}
          onInput={(event) => setAgain(event.currentTarget.value)} />
        <Button type="submit" kind="primary" class="wide" busy={isBusy}>{t("auth.signUp")}</Button>
      </form>
      <p class="entrance-other">
        <a href="/sign-in" onClick={(event) => {
          event.preventDefault();
          go("/sign-in");
        }}>{t("auth.haveAccount")}</a>
      </p>
    </Entrance>
  );
}
