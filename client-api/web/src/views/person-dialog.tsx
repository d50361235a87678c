// Naming somebody: typed as an account, or chosen of those who are found.
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Button } from "../components/button.js";
import { closeDialog, Dialog } from "../components/dialog.js";
import { TextField } from "../components/field.js";
import { me } from "../state/account.js";
import { displayName } from "../state/people.js";
import { typedAccount } from "../text/accounts.js";
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
  const found = usePeople(text).filter(({ account }) => account !== me().account);
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
        {found.map(({ account }) => (
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
