// Groups that are open to the reader, of the own organisation or another one.
import type { FoundGroup } from "comity-sdk";
import { useEffect, useState } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { GroupSign } from "../components/avatar.js";
import { DomainBadge } from "../components/badge.js";
import { Button, Spinner } from "../components/button.js";
import { TextField } from "../components/field.js";
import { Page } from "../components/page.js";
import { me } from "../state/account.js";
import { channels, reloadChannels } from "../state/channels.js";
import { attempt } from "../state/toasts.js";
import { typedAlias } from "../text/accounts.js";
import { t, tn } from "../i18n/index.js";
import { explain } from "./open-direct.js";

const PAGE = 50;

export function GroupsPage() {
  const [domain, setDomain] = useState(me().domain);
  const [asked, setAsked] = useState(me().domain);
  const [groups, setGroups] = useState<FoundGroup[]>();
  const [isMore, setMore] = useState(false);
  const [error, setError] = useState<string>();
  const isAlias = /[#@]/.test(asked);
  const load = async (after?: string) => {
    try {
      if (isAlias) {
        const alias = typedAlias(asked, me().domain);
        return setGroups([await me().client.api.groups.find(alias)]);
      }
      const place = { domain: asked, limit: PAGE, ...(after ? { after } : {}) };
      const answer = await me().client.api.groups.list(place);
      setGroups((held) => after ? [...held ?? [], ...answer.groups] : answer.groups);
      setMore(answer.more);
    } catch (reason) {
      setGroups([]);
      setError(explain(reason, isAlias ? typedAlias(asked, me().domain) : `@${asked}`));
    }
  };
  useEffect(() => {
    setGroups(undefined);
    setError(undefined);
    setMore(false);
    void load();
  }, [asked]);
  const last = groups?.at(-1)?.id;
  return (
    <Page title={t("groups.browse")}>
      <form class="groups-form" onSubmit={(event) => {
        event.preventDefault();
        setAsked(domain.trim().toLowerCase());
      }}>
        <TextField label={t("groups.domain")} value={domain} hint={t("groups.domainHint")} required
          autocapitalize="none" spellcheck={false} error={error}
          onInput={(event) => setDomain(event.currentTarget.value)} />
        <Button type="submit" icon="search">{t("nav.search")}</Button>
      </form>
      {!groups && <Spinner />}
      {groups?.length === 0 && !error && <p class="hint">{t("groups.none", { domain: asked })}</p>}
      <ul class="cards">
        {groups?.map((group) => <li key={group.id}><GroupCard group={group} /></li>)}
      </ul>
      {isMore && last && <Button onClick={() => void load(last)}>{t("search.more")}</Button>}
    </Page>
  );
}

function GroupCard({ group: { id, name, topic, home, members, alias } }: { group: FoundGroup }) {
  const isIn = channels.value.get(id)?.standing === "joined";
  const join = async () => {
    const isDone = await attempt(() => me().client.api.channels.join(id, home));
    if (!isDone) return;
    reloadChannels();
    go(channelPath(id));
  };
  return (
    <div class="card">
      <GroupSign id={id} name={name} />
      <div class="card-text">
        <h2>{name} <DomainBadge domain={home} /></h2>
        {topic && <p>{topic}</p>}
        <small>{tn("channel.members", members)}{alias && ` · ${alias}`}</small>
      </div>
      {isIn ? <Button onClick={() => go(channelPath(id))}>{t("action.open")}</Button>
        : <Button kind="primary" onClick={() => void join()}>{t("action.join")}</Button>}
    </div>
  );
}
