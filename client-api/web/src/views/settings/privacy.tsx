// What others see of the user, and whom he does not want to hear.
import { useState } from "preact/hooks";
import { Ago } from "../../components/ago.js";
import { Avatar } from "../../components/avatar.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { TextField, Toggle } from "../../components/field.js";
import { Panel } from "../../components/sections.js";
import { me } from "../../state/account.js";
import { reloadBlocks } from "../../state/blocks.js";
import { displayName } from "../../state/people.js";
import { useResource, type Resource } from "../../state/resource.js";
import { attempt, messageOf, toast } from "../../state/toasts.js";
import { typedAccount } from "../../text/accounts.js";
import { t } from "../../i18n/index.js";
import { ts } from "../../i18n/settings.js";
import { Loaded, SettingsFrame } from "./frame.js";

interface Block {
  account: string;
  since_time: string;
}

export function PrivacyPage() {
  const own = useResource(() => me().client.api.accounts.me());
  const blocks = useResource<Block[]>(() => me().client.api.people.blocks());
  const setReads = async (on: boolean) => {
    if (await attempt(() => me().client.api.accounts.setShowsReads(on))) toast(ts("saved"));
    await own.reload();
  };
  return (
    <SettingsFrame title={ts("nav.privacy")}>
      <Panel title={ts("privacy.seen")}>
        <Loaded of={own}>{(data) => (
          <Toggle label={ts("privacy.reads")} hint={ts("privacy.readsHint")}
            checked={data.shows_reads} onChange={(on) => void setReads(on)} />
        )}</Loaded>
        <p class="hint">{ts("privacy.presence")}</p>
      </Panel>
      <Panel title={ts("blocks.title")} hint={ts("blocks.hint")}>
        <Loaded of={blocks}>{(list) => list.length ? (
          <ul class="plain-list">
            {list.map((each) => <li key={each.account}>
              <Blocked block={each} blocks={blocks} />
            </li>)}
          </ul>
        ) : <p class="nothing-here">{ts("blocks.none")}</p>}</Loaded>
        <AddBlock blocks={blocks} />
      </Panel>
    </SettingsFrame>
  );
}

function Blocked({ block: { account, since_time }, blocks }: {
  block: Block; blocks: Resource<Block[]>;
}) {
  const unblock = async () => {
    const yes = await confirm({
      title: t("profile.unblock"), action: t("profile.unblock"),
      text: ts("blocks.unblockAsk", { account }),
    });
    if (!yes) return;
    await attempt(() => me().client.api.people.unblock(account));
    await Promise.all([blocks.reload(), reloadBlocks()]);
  };
  return <>
    <span class="who">
      <Avatar account={account} size={32} />
      <span class="who-text">
        <strong>{displayName(account)}</strong>
        <small>{account} · <Ago at={since_time} /></small>
      </span>
    </span>
    <Button onClick={() => void unblock()}>{t("profile.unblock")}</Button>
  </>;
}

function AddBlock({ blocks }: { blocks: Resource<Block[]> }) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await me().client.api.people.block(typedAccount(text, me().domain));
      setText("");
      await Promise.all([blocks.reload(), reloadBlocks()]);
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  return (
    <form class="add-line" onSubmit={submit}>
      <TextField label={ts("blocks.add")} value={text} autocomplete="off" autocapitalize="none"
        spellcheck={false} placeholder="name@other.example" error={error} onInput={(event) => {
          setText(event.currentTarget.value);
          setError(undefined);
        }} />
      <Button type="submit" busy={isBusy} disabled={!text.trim()}>{t("profile.block")}</Button>
    </form>
  );
}
