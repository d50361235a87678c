// The settings of a channel: its name and rules for its owners, notifications for everybody.
import type { Channel, ChannelDetail } from "comity-sdk";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../components/button.js";
import { SelectField, TextField, Toggle } from "../components/field.js";
import { Panel } from "../components/panel.js";
import { channels, patchChannel } from "../state/channels.js";
import type { Conversation } from "../state/conversation.js";
import { attempt, toast } from "../state/toasts.js";
import { typedAccount } from "../text/accounts.js";
import { formatNumber } from "../text/format.js";
import { t } from "../i18n/index.js";
import { Aliases } from "./aliases.js";
import { leave } from "./channel-menu.js";
import { useConversation } from "./conversation.js";

type Rules = NonNullable<ChannelDetail["rules"]>;
type Change = Parameters<Conversation["me"]["client"]["api"]["channels"]["change"]>[1];
type Saver = (change: Change) => Promise<void>;

const NAME_MAX = 100;
const TOPIC_MAX = 1_000;
const DAY = 86_400;

export function ChannelSettingsPanel() {
  const conversation = useConversation();
  const channel = channels.value.get(conversation.id);
  const detail = conversation.detail.value;
  if (!channel) return null;
  const isGroup = channel.kind === "group";
  const save: Saver = async (change) => {
    await attempt(async () => {
      const { status } = await conversation.me.client.api.channels.change(channel.id, change);
      toast(t(status === "done" ? "rules.saved" : "rules.requested"));
      conversation.askSoon();
    });
  };
  const mayName = detail?.role === "owner" || detail?.role === "moderator";
  return (
    <Panel title={t(isGroup ? "channel.settings" : "notify.title")}>
      <div class="panel-form">
        {isGroup && mayName && <Naming key={`${channel.name} ${channel.topic}`} channel={channel}
          save={save} />}
        <Notifying conversation={conversation} channel={channel} />
        {isGroup && detail?.rules && (
          <RuleFields rules={detail.rules} save={save} isOwner={detail.role === "owner"} />
        )}
        {isGroup && detail && <Aliases conversation={conversation} detail={detail} />}
        {isGroup && mayName && <Unbanning conversation={conversation} />}
        {isGroup && (
          <Button icon="logOut" class="danger-text" onClick={() => void leave(channel)}>
            {t("channel.leave")}
          </Button>
        )}
      </div>
    </Panel>
  );
}

function Naming({ channel, save }: { channel: Channel; save: Saver }) {
  const [name, setName] = useState(channel.name ?? "");
  const [topic, setTopic] = useState(channel.topic ?? "");
  const isChanged = name !== channel.name || topic !== (channel.topic ?? "");
  return (
    <form onSubmit={async (event) => {
      event.preventDefault();
      if (name !== channel.name) await save({ name });
      if (topic !== (channel.topic ?? "")) await save({ topic });
    }}>
      <TextField label={t("channel.name")} value={name} required maxLength={NAME_MAX}
        onInput={(event) => setName(event.currentTarget.value)} />
      <TextField label={t("channel.topic")} value={topic} maxLength={TOPIC_MAX}
        placeholder={t("channel.topicHint")}
        onInput={(event) => setTopic(event.currentTarget.value)} />
      {isChanged && <Button type="submit" kind="primary">{t("action.save")}</Button>}
    </form>
  );
}

function Notifying({ conversation, channel }: { conversation: Conversation; channel: Channel }) {
  const { id, muted = false, notifications } = channel;
  const { client: { api }, session } = conversation.me;
  return <>
    <Toggle label={t("channel.mute")} checked={muted} onChange={(on) => {
      patchChannel(id, { muted: on });
      void attempt(() => session.command({ do: "mute", channel: id, on }));
    }} />
    <SelectField label={t("notify.title")} value={notifications ?? "default"} options={[
      ["default", t("notify.default")], ["all", t("notify.all")],
      ["mentions", t("notify.mentions")], ["nothing", t("notify.nothing")],
    ]} onChange={(level) => void attempt(async () => {
      if (level === "default") await api.channels.unsetNotifications(id);
      else await api.channels.setNotifications(id, level);
    })} />
  </>;
}

function RuleFields({ rules, save, isOwner }: { rules: Rules; save: Saver; isOwner: boolean }) {
  const roles = [
    ["member", t("rules.who.member")], ["moderator", t("rules.who.moderator")],
    ["owner", t("rules.who.owner")],
  ] as const;
  return (
    <fieldset class="rules" disabled={!isOwner}>
      <JoinRule rules={rules} save={save} />
      <SelectField label={t("rules.posting")} value={rules.posting} options={roles}
        onChange={(posting) => void save({ posting })} />
      <SelectField label={t("rules.mentioning")} value={rules.mentioning} options={roles}
        onChange={(mentioning) => void save({ mentioning })} />
      <SelectField label={t("rules.history")} value={rules.history} options={[
        ["all", t("rules.history.all")], ["since_joining", t("rules.history.since_joining")],
      ]} onChange={(history) => void save({ history })} />
      <SelectField label={t("rules.retention")} value={rules.retention}
        options={retentions(rules.retention)}
        onChange={(retention) => void save({ retention })} />
      <SelectField label={t("rules.edits")} value={rules.edits} options={[
        ["replaced", t("rules.edits.replaced")], ["kept", t("rules.edits.kept")],
      ]} onChange={(edits) => void save({ edits })} />
      <Toggle label={t("rules.archived")} hint={t("rules.archivedHint")} checked={rules.archived}
        onChange={(archived) => void save({ archived })} />
    </fieldset>
  );
}

/** The usual times, and the one that is set. */
function retentions(value: string): (readonly [string, string])[] {
  const usual = [
    ["forever", t("rules.retention.forever")], [String(365 * DAY), t("rules.retention.year")],
    [String(30 * DAY), t("rules.retention.month")], [String(7 * DAY), t("rules.retention.week")],
    [String(DAY), t("rules.retention.day")],
  ] as const;
  if (usual.some(([each]) => each === value)) return [...usual];
  const count = formatNumber(Number(value));
  return [...usual, [value, t("rules.retention.seconds", { count })]];
}

function JoinRule({ rules: { join }, save }: { rules: Rules; save: Saver }) {
  const kind = Array.isArray(join) ? "domains" : join;
  const [chosen, choose] = useState<"invited" | "anyone" | "domains">(kind);
  const [domains, setDomains] = useState(Array.isArray(join) ? join.join(", ") : "");
  useEffect(() => choose(kind), [kind]);
  const list = domains.split(/[\s,]+/).filter(Boolean);
  return <>
    <SelectField label={t("rules.join")} value={chosen} options={[
      ["invited", t("rules.join.invited")], ["anyone", t("rules.join.anyone")],
      ["domains", t("rules.join.domains")],
    ]} onChange={(next) => {
      choose(next);
      if (next !== "domains") void save({ join: next });
    }} />
    {chosen === "domains" && (
      <form onSubmit={(event) => {
        event.preventDefault();
        void save({ join: list });
      }}>
        <TextField label={t("rules.join.domains")} value={domains} required
          placeholder="acme.example, globex.example"
          onInput={(event) => setDomains(event.currentTarget.value)} />
        <Button type="submit">{t("action.save")}</Button>
      </form>
    )}
  </>;
}

/** The API has no list of bans: who is to come back is named. */
function Unbanning({ conversation }: { conversation: Conversation }) {
  const { client: { api }, domain } = conversation.me;
  const [text, setText] = useState("");
  return (
    <form onSubmit={async (event) => {
      event.preventDefault();
      const account = typedAccount(text, domain);
      const isDone = await attempt(() => api.channels.unban(conversation.id, account));
      if (isDone) setText("");
      if (isDone) toast(t("rules.saved"));
    }}>
      <TextField label={t("member.unban")} value={text} placeholder="name@domain"
        autocapitalize="none" spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)} />
      {text && <Button type="submit">{t("member.unban")}</Button>}
    </form>
  );
}
