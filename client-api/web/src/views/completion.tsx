// What completes a mention or an emoji while it is written.
import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import { findEmoji } from "../text/emoji.js";
import { ALL, mentionText } from "../text/mentions.js";
import { t } from "../i18n/index.js";

const SHOWN_MAX = 8;
const BEGUN = /(?:^|[\s(])([@:])([\p{L}\p{N}._@-]*)$/u;
const EMOJI_FROM = 2;
/** One of which says as much as several letters. */
const SYLLABLE = /[\uac00-\ud7a3]/;

interface Choice {
  label: string;
  more: string;
  account?: string;
  /** What takes the place of what was begun. */
  text: string;
}

export interface CompletionState {
  choices: Choice[];
  at: number;
  choose: (choice: Choice) => void;
  /** Takes a key where it is for the list. */
  take: (event: KeyboardEvent) => boolean;
  /** Looks at what stands before the caret. */
  look: () => void;
  close: () => void;
}

export function useCompletion(
  conversation: Conversation, area: RefObject<HTMLTextAreaElement | null>, text: string,
  write: (text: string) => void,
): CompletionState {
  const [begun, setBegun] = useState<{ sign: string; word: string; to: number }>();
  const [at, setAt] = useState(0);
  const choices = begun ? choicesFor(conversation, begun.sign, begun.word) : [];
  const close = () => setBegun(undefined);
  const look = () => {
    const { selectionStart: to = 0, selectionEnd, value = "" } = area.current ?? {};
    const [, sign = "", word = ""] = BEGUN.exec(value.slice(Math.max(0, to - 100), to)) ?? [];
    const isBegun = to === selectionEnd && sign !== ""
      && (sign === "@" || word.length >= EMOJI_FROM || SYLLABLE.test(word));
    setBegun(isBegun ? { sign, word, to } : undefined);
    if (word !== begun?.word) setAt(0);
  };
  const choose = (choice: Choice) => {
    if (!begun) return;
    const from = begun.to - begun.word.length - 1;
    write(`${text.slice(0, from)}${choice.text} ${text.slice(begun.to).replace(/^ /, "")}`);
    close();
    const caret = from + choice.text.length + 1;
    requestAnimationFrame(() => area.current?.setSelectionRange(caret, caret));
  };
  const take = (event: KeyboardEvent): boolean => {
    const choice = choices[at];
    if (!choice) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + choices.length) % choices.length);
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) choose(choice);
    else if (event.key === "Escape") close();
    else return false;
    event.stopPropagation();
    return true;
  };
  return { choices, at, choose, take, look, close };
}

export function Completion({ completion: { choices, at, choose } }: {
  completion: CompletionState;
}) {
  if (!choices.length) return null;
  return (
    <ul class="completion" role="listbox" id="completion" aria-label={t("members.title")}>
      {choices.map((choice, index) => (
        <li key={choice.text} id={`completion-${index}`} role="option" class="row"
          aria-selected={index === at}
          onPointerDown={(event) => {
            event.preventDefault();
            choose(choice);
          }}>
          {choice.account && <Avatar account={choice.account} size={24} />}
          <span class="row-name">{choice.label}</span>
          <small class="row-more">{choice.more}</small>
        </li>
      ))}
    </ul>
  );
}

function choicesFor(conversation: Conversation, sign: string, word: string): Choice[] {
  const wanted = word.toLocaleLowerCase();
  if (sign === ":") {
    return findEmoji(wanted, SHOWN_MAX)
      .map(([emoji, names]) => ({ label: emoji, more: names, text: emoji }));
  }
  const { me } = conversation;
  const members = conversation.detail.value?.members ?? [];
  const people = members
    .filter(({ account, invited }) => account !== me.account && !invited)
    .filter(({ account }) => account.startsWith(wanted)
      || displayName(account).toLocaleLowerCase().split(/\s+/).some((w) => w.startsWith(wanted)))
    .map(({ account }) => ({
      label: displayName(account), more: account, account, text: mentionText(account, me.domain),
    }));
  const isGroup = members.length > 2;
  const all = isGroup && ALL.startsWith(wanted)
    ? [{ label: `@${ALL}`, more: t("members.title"), text: `@${ALL}` }] : [];
  return [...people, ...all].slice(0, SHOWN_MAX);
}
