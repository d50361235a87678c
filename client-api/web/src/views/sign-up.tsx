import { ComityError } from "comity-sdk";
import { useState } from "preact/hooks";
import { go, route } from "../app/router.js";
import { Button } from "../components/button.js";
import { PasswordField, TextField } from "../components/field.js";
import { nodeDomain, signUp } from "../state/account.js";
import { messageOf } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { Entrance } from "./entrance.js";

const PASSWORD_MIN = 8;

type Place = "name" | "again" | "invite";

/** The field that a refusal is about; the last one where it is about none. */
function placeOf(reason: unknown): Place {
  const code = reason instanceof ComityError ? reason.code : "";
  if (code === "invite_token_invalid") return "invite";
  return code.startsWith("name_") ? "name" : "again";
}

/** The token alone, where the whole link was typed. */
function tokenOf(typed: string | undefined): string | undefined {
  return typed?.trim().split("/").at(-1);
}

export function SignUp() {
  const to = route.value;
  const link = to.at === "invite" ? to.token : undefined;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  // Asked for once the node wants one, or another one than the link's.
  const [invite, setInvite] = useState<string>();
  const [error, setError] = useState<{ at: Place; text: string }>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const text = t("auth.passwordsDiffer");
    if (password !== again) return setError({ at: "again", text });
    setBusy(true);
    setError(undefined);
    try {
      await signUp(name, password, tokenOf(invite) || link);
      go("/", { replace: true });
    } catch (reason) {
      const at = placeOf(reason);
      if (at === "invite") setInvite((held) => held ?? "");
      setError({ at, text: messageOf(reason) });
      setBusy(false);
    }
  };
  const domain = nodeDomain.value;
  const errorAt = (place: Place) => error?.at === place ? error.text : undefined;
  return (
    <Entrance title={t(link ? "auth.invited" : "auth.signUpTo", { domain })}>
      <form onSubmit={submit}>
        <TextField label={t("auth.account")} value={name} autocomplete="username" required
          autofocus autocapitalize="none" spellcheck={false} name="username"
          hint={t("auth.nameHint")} error={errorAt("name")}
          onInput={(event) => setName(event.currentTarget.value)} />
        <PasswordField label={t("auth.password")} value={password} required name="password"
          minLength={PASSWORD_MIN} autocomplete="new-password" hint={t("auth.passwordHint")}
          onInput={(event) => setPassword(event.currentTarget.value)} />
        <PasswordField label={t("auth.passwordAgain")} value={again} required name="again"
          autocomplete="new-password" error={errorAt("again")}
          onInput={(event) => setAgain(event.currentTarget.value)} />
        {invite !== undefined && (
          <TextField label={t("auth.invite")} value={invite} required autocomplete="off"
            autocapitalize="none" spellcheck={false} hint={t("auth.inviteHint")}
            error={errorAt("invite")}
            onInput={(event) => setInvite(event.currentTarget.value)} />
        )}
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
