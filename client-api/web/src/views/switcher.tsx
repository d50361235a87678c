// Goes to a conversation or a person by a few letters.
import type { Channel, Profile } from "comity-sdk";
import { useEffect, useRef, useState } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { Avatar, GroupSign } from "../components/avatar.js";
import { DomainBadge, UnreadBadge } from "../components/badge.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { me } from "../state/account.js";
import { channelName, channels, searchName } from "../state/channels.js";
import { displayName, learn } from "../state/people.js";
import { t } from "../i18n/index.js";
import { openDirect } from "./open-direct.js";

const SHOWN_MAX = 12;
const ASK_AFTER_MS = 150;

type Choice = { channel: Channel } | { account: string };

export function showSwitcher(): void {
  openDialog.value = () => <Switcher />;
}

function Switcher() {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = usePeople(text);
  const choices = choicesFor(text, found);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const choice = choices[at];
    if (step) setAt((at + step + choices.length) % Math.max(choices.length, 1));
    else if (event.key === "Enter" && !event.isComposing && choice) choose(choice);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t("switcher.hint")} onClose={closeDialog} bare top>
      <label class="switcher-input">
        <Icon name="search" />
        <input type="text" value={text} placeholder={t("switcher.hint")} autofocus role="combobox"
          aria-label={t("switcher.hint")} aria-expanded aria-controls="switcher-list"
          aria-activedescendant={`switcher-${at}`} onKeyDown={keys} onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }} />
      </label>
      <ul class="switcher-list" id="switcher-list" role="listbox" ref={list}
        aria-label={t("nav.channels")}>
        {choices.map((choice, index) => (
          <li key={keyOf(choice)} id={`switcher-${index}`} role="option" class="row"
            aria-selected={index === at} onPointerMove={() => setAt(index)}
            onClick={() => choose(choice)}><Shown choice={choice} /></li>
        ))}
      </ul>
      {!choices.length && <p class="switcher-none">{t("switcher.none")}</p>}
    </Dialog>
  );
}

function Shown({ choice }: { choice: Choice }) {
  if ("account" in choice) {
    return <>
      <Avatar account={choice.account} size={24} />
      <span class="row-name">{displayName(choice.account)}</span>
      <small class="row-more">{choice.account}</small>
    </>;
  }
  const { channel } = choice;
  return <>
    {channel.kind === "direct" ? <Avatar account={channel.with ?? ""} size={24} presence />
      : <GroupSign id={channel.id} name={channelName(channel)} size={24} />}
    <span class="row-name">{channelName(channel)}</span>
    {channel.kind === "direct" ? <DomainBadge account={channel.with ?? ""} />
      : <DomainBadge domain={channel.home ?? ""} />}
    <UnreadBadge unread={channel.unread} mentions={channel.mentions} muted={channel.muted} />
  </>;
}

/** People of the own organisation whose names begin so, or one elsewhere by the whole address. */
export function usePeople(text: string): Profile[] {
  const [found, setFound] = useState<Profile[]>([]);
  useEffect(() => {
    const words = text.trim().replace(/^@/, "");
    if (!words) return setFound([]);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const params = { q: words.slice(0, 64), limit: SHOWN_MAX };
      const options = { signal: stop.signal };
      const answer = await me().client.request("get", "/v1/directory", params, undefined, options)
        .catch(() => ({ profiles: [] }));
      const known = answer.profiles.filter((each) => !each.error);
      learn(known);
      if (!stop.signal.aborted) setFound(known);
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  return found;
}

function choicesFor(text: string, found: Profile[]): Choice[] {
  const words = text.toLocaleLowerCase().trim().split(/\s+/).filter(Boolean);
  const all = [...channels.value.values()];
  const fitting = all.filter((each) => words.every((word) => searchName(each).includes(word)));
  const rank = (each: Channel) => (each.mentions ? 2 : 0) + (each.unread ? 1 : 0);
  fitting.sort((a, b) => rank(b) - rank(a)
    || (b.last_message_time ?? "").localeCompare(a.last_message_time ?? ""));
  const partners = new Set(all.map((each) => each.with));
  const people = found.filter(({ account }) => !partners.has(account) && account !== me().account);
  const choices: Choice[] = [
    ...fitting.map((channel) => ({ channel })), ...people.map(({ account }) => ({ account })),
  ];
  return choices.slice(0, SHOWN_MAX);
}

const keyOf = (choice: Choice) => "account" in choice ? choice.account : choice.channel.id;

function choose(choice: Choice): void {
  const own = openDialog.peek();
  const leave = () => {
    if (openDialog.peek() === own) closeDialog();
  };
  if ("account" in choice) return void openDirect(choice.account, leave);
  leave();
  go(channelPath(choice.channel.id));
}
