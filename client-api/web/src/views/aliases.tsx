// The names under which a group is found, `#name@domain`.
import type { ChannelDetail } from "comity-sdk";
import { useState } from "preact/hooks";
import { Button, IconButton } from "../components/button.js";
import { TextField } from "../components/field.js";
import type { Conversation } from "../state/conversation.js";
import { messageOf } from "../state/toasts.js";
import { domainOf, typedAlias } from "../text/accounts.js";
import { t } from "../i18n/index.js";

export function Aliases({ conversation, detail }: {
  conversation: Conversation; detail: ChannelDetail;
}) {
  const { client: { api }, domain } = conversation.me;
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const { aliases = [] } = detail;
  const isOwner = detail.role === "owner";
  const change = async (work: () => Promise<unknown>) => {
    setError(undefined);
    try {
      await work();
      setText("");
    } catch (reason) {
      setError(messageOf(reason));
    }
    conversation.askSoon();
  };
  if (!isOwner && !aliases.length) return null;
  return (
    <section class="aliases" aria-label={t("aliases.title")}>
      <h3>{t("aliases.title")}</h3>
      <ul>
        {aliases.map((alias) => (
          <li key={alias}>
            <span>{alias}</span>
            {isOwner && domainOf(alias) === domain && (
              <IconButton icon="close" size={14} label={t("aliases.remove", { alias })}
                onClick={() => void change(() => api.groups.removeAlias(alias.slice(1)))} />
            )}
          </li>
        ))}
      </ul>
      {isOwner && (
        <form onSubmit={(event) => {
          event.preventDefault();
          const alias = typedAlias(text, domain);
          if (text.trim()) void change(() => api.groups.setAlias(alias, conversation.id));
        }}>
          <TextField label={t("aliases.add")} value={text} placeholder={`#name@${domain}`}
            hint={t("aliases.hint", { domain })} error={error} autocomplete="off"
            autocapitalize="none" spellcheck={false}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setError(undefined);
            }} />
          {text && <Button type="submit">{t("aliases.add")}</Button>}
        </form>
      )}
    </section>
  );
}
