// Search by words, narrowed down by channel, author and time. All of it stands in the address.
import type { SearchResults } from "comity-sdk";
import { useEffect, useRef, useState } from "preact/hooks";
import { channelPath, go, query, setQuery } from "../app/router.js";
import { Button, Spinner } from "../components/button.js";
import { SelectField, TextField } from "../components/field.js";
import { Icon } from "../components/icon.js";
import { Empty, Page } from "../components/page.js";
import { me } from "../state/account.js";
import { channelName, channels } from "../state/channels.js";
import { messageOf } from "../state/toasts.js";
import { typedAccount } from "../text/accounts.js";
import { t } from "../i18n/index.js";
import { FoundMessage } from "./found-message.js";

const ASK_AFTER_MS = 250;
const PAGE = 30;
const NAMES = ["q", "channel", "author", "from", "until", "order"] as const;

type Found = SearchResults["results"][number];

export function SearchPage() {
  const filters = Object.fromEntries(NAMES.map((name) => [name, query.value.get(name) ?? ""]));
  const { results, cursor, percent, error, isBusy, more } = useSearch(filters);
  const field = useRef<HTMLInputElement>(null);
  // A browser heeds `autofocus` only where nothing had the focus before.
  useEffect(() => field.current?.focus(), []);
  return (
    <Page title={t("search.title")}>
      <search class="search-form">
        <label class="search-words">
          <Icon name="search" />
          <input type="search" value={filters["q"]} placeholder={t("search.hint")} ref={field}
            aria-label={t("search.hint")} maxLength={256}
            onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        </label>
        <Filters filters={filters} />
      </search>
      {percent !== undefined && <p class="notice">{t("search.indexed", { percent })}</p>}
      {error && <p class="hint error" role="alert">{error}</p>}
      {!filters["q"] && <p class="hint">{t("search.tips")}</p>}
      {isBusy && !results && <Spinner />}
      {results?.length === 0 && <Empty title={t("search.none")} />}
      <div class="results" aria-live="polite" aria-busy={isBusy}>
        {results?.map((each) => <Result key={each.event.id} found={each} />)}
      </div>
      {cursor && <Button busy={isBusy} onClick={more}>{t("search.more")}</Button>}
    </Page>
  );
}

function Filters({ filters }: { filters: Record<string, string> }) {
  const all = [...channels.value.values()].filter(({ standing }) => standing === "joined");
  return (
    <div class="search-filters">
      <SelectField label={t("search.channel")} value={filters["channel"] ?? ""} options={[
        ["", t("search.all")],
        ...all.map((each) => [each.id, channelName(each)] as const),
      ]} onChange={(channel) => setQuery({ channel })} />
      <TextField label={t("search.author")} value={filters["author"] ?? ""} autocapitalize="none"
        spellcheck={false} placeholder="name@domain"
        onInput={(event) => setQuery({ author: event.currentTarget.value })} />
      <TextField type="date" label={t("search.after")} value={filters["from"] ?? ""}
        onInput={(event) => setQuery({ from: event.currentTarget.value })} />
      <TextField type="date" label={t("search.before")} value={filters["until"] ?? ""}
        onInput={(event) => setQuery({ until: event.currentTarget.value })} />
      <SelectField label={t("search.order")} value={filters["order"] ?? ""} options={[
        ["", t("search.rank")], ["newest", t("search.newest")],
      ]} onChange={(order) => setQuery({ order })} />
    </div>
  );
}

function Result({ found: { channel, event, snippet } }: { found: Found }) {
  const held = channels.value.get(channel);
  if (event.kind !== "message") return null;
  return (
    <FoundMessage message={event} where={held && channelName(held)}
      onOpen={() => go(channelPath(channel, event.id))}>
      <p class="text">
        {snippet.map((part, index) => part.found ? <mark key={index}>{part.text}</mark>
          : part.text)}
      </p>
    </FoundMessage>
  );
}

/** Asks a moment after the last change; an answer that is late is passed over. */
function useSearch(filters: Record<string, string>) {
  const [answer, setAnswer] = useState<SearchResults>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const key = JSON.stringify(filters);
  const ask = async (cursor: string | undefined, signal: AbortSignal) => {
    setBusy(true);
    setError(undefined);
    try {
      const params = paramsOf(filters, cursor);
      const found = await me().client.request("get", "/v1/search", params, undefined, { signal });
      if (signal.aborted) return;
      setAnswer((held) => cursor && held
        ? { ...found, results: [...held.results, ...found.results] } : found);
    } catch (reason) {
      if (!signal.aborted) setError(messageOf(reason));
    }
    if (!signal.aborted) setBusy(false);
  };
  useEffect(() => {
    const stop = new AbortController();
    if (!filters["q"]?.trim()) {
      setAnswer(undefined);
      setBusy(false);
      return () => stop.abort();
    }
    const timer = setTimeout(() => void ask(undefined, stop.signal), ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key]);
  const more = () => void ask(answer?.cursor, new AbortController().signal);
  const { results, cursor, indexed_percent: percent } = answer ?? {};
  return { results, cursor, percent, error, isBusy, more };
}

function paramsOf(filters: Record<string, string>, cursor: string | undefined) {
  const { q = "", channel, author, from, until, order } = filters;
  return {
    q, limit: PAGE,
    ...(channel ? { channel } : {}),
    ...(author ? { author: typedAccount(author, me().domain) } : {}),
    ...(from ? { from: new Date(`${from}T00:00:00`).toISOString() } : {}),
    ...(until ? { until: new Date(`${until}T23:59:59`).toISOString() } : {}),
    ...(order === "newest" ? { order: "newest" as const } : {}),
    ...(cursor ? { cursor } : {}),
  };
}
