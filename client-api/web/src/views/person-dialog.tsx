// Naming somebody: typed as an account, or chosen of those who are found.
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Button } from "../components/button.js";
import { closeDialog, Dialog } from "../components/dialog.js";
import { TextField } from "../components/field.js";
import { me } from "../state/account.js";
import { directs } from "../state/channels.js";
import { contacts } from "../state/contacts.js";
import { displayName } from "../state/people.js";
import { domainOf, typedAccount } from "../text/accounts.js";
import { t } from "../i18n/index.js";
import { explain } from "./open-direct.js";
import { usePeople } from "./switcher.js";

export function PersonDialog({ title, label, action, pick }: {
  title: string;
  label: string;
  action: string;
  /** Does what the dialog is for; what it throws is shown, and else somebody else may be named. */
  pick: (account: string) => Promise<void>;
}) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const found = new Set([...usePeople(text).map(({ account }) => account), ...acquainted(text)]);
  found.delete(me().account);
  const choose = async (account: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await pick(account);
      setText("");
    } catch (reason) {
      setError(explain(reason, account));
    }
    setBusy(false);
  };
  return (
    <Dialog title={title} onClose={closeDialog} top footer={
      <Button type="submit" form="person" kind="primary" busy={isBusy}>{action}</Button>
    }>
      <form id="person" onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) void choose(typedAccount(text, me().domain));
      }}>
        <TextField label={label} value={text} autofocus autocomplete="off"
          autocapitalize="none" spellcheck={false} hint={t("direct.hint")} error={error}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setError(undefined);
          }} />
      </form>
      <ul class="choices">
        {[...found].map((account) => (
          <li key={account}>
            <button type="button" class="row" disabled={isBusy}
              onClick={() => void choose(account)}>
              <Avatar account={account} size={24} />
              <span class="row-name">{displayName(account)}</span>
              <small class="row-more">{account}</small>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Those elsewhere whom the account knows; the directory has its own organisation's alone. */
function acquainted(text: string): string[] {
  const words = text.trim().replace(/^@/, "").toLocaleLowerCase();
  if (!words) return [];
  const known = [
    ...contacts.value.filter(({ standing }) => standing === "contact").map((each) => each.account),
    ...directs.value.map((each) => each.with ?? ""),
  ];
  const fits = (account: string) => account.startsWith(words)
    || displayName(account).toLocaleLowerCase().split(/\s+/).some((each) => each.startsWith(words));
  return known.filter((account) => domainOf(account) !== me().domain && fits(account));
}
