// Mentions in texts: `@name`, `@name@domain`, `@all`.
import type { ComponentChild } from "preact";
import { displayName } from "../state/people.js";
import { nameOf } from "./accounts.js";

/** A name, as those of accounts are formed, and perhaps a domain. */
const WORD = "[\\p{L}\\p{N}](?:[\\p{L}\\p{N}._-]*[\\p{L}\\p{N}])?";
const MENTION = new RegExp(`(^|[^\\p{L}\\p{N}@._-])@(${WORD}(?:@${WORD})?)`, "gu");
const MENTIONS_MAX = 64;

export const ALL = "all";

/** The members that a text mentions, and whether it mentions all. */
export function mentionsIn(text: string, members: readonly string[], own: string) {
  const accounts = new Set<string>();
  let all = false;
  for (const [, , word = ""] of text.matchAll(MENTION)) {
    // Before the members are known, a name is taken for one; the node leaves out who is none.
    const guess = members.length || word === ALL || word.includes("@") ? undefined
      : `${word.toLowerCase()}@${own}`;
    const account = resolve(word, members, own) ?? guess;
    if (account) accounts.add(account);
    else if (word === ALL) all = true;
  }
  return { accounts: [...accounts].slice(0, MENTIONS_MAX), all };
}

/** How a member is written in a text: those of the own organisation by the name alone. */
export function mentionText(account: string, own: string): string {
  return account.endsWith(`@${own}`) ? `@${nameOf(account)}` : `@${account}`;
}

/** A text with what it mentions drawn as such; `onPress` opens who was mentioned. */
export function drawMentions(text: string, options: {
  mentions: readonly string[];
  all: boolean;
  sender: string;
  me: string;
  onPress: (account: string, at: Element) => void;
}): ComponentChild {
  const { mentions, all, sender, me, onPress } = options;
  if (!mentions.length && !all) return text;
  const parts: ComponentChild[] = [];
  let from = 0;
  for (const match of text.matchAll(MENTION)) {
    const [whole, before = "", word = ""] = match;
    const account = resolve(word, mentions, sender.slice(sender.lastIndexOf("@") + 1));
    const isAll = all && word === ALL && !account;
    if (!account && !isAll) continue;
    parts.push(text.slice(from, match.index + before.length));
    from = match.index + whole.length;
    if (isAll) parts.push(<span class="mention self">@{ALL}</span>);
    else if (account) parts.push(
      <button type="button" class={account === me ? "mention self" : "mention"} title={account}
        onClick={(event) => onPress(account, event.currentTarget)}>
        @{displayName(account)}
      </button>,
    );
  }
  return parts.length ? <>{parts}{text.slice(from)}</> : text;
}

/** The account that a word names: the whole of it, else of the writer's organisation, else one. */
function resolve(word: string, accounts: readonly string[], own: string): string | undefined {
  const lower = word.toLowerCase();
  if (lower.includes("@")) return accounts.find((each) => each === lower);
  const named = accounts.filter((each) => nameOf(each) === lower);
  const only = named.length === 1 ? named[0] : undefined;
  return named.find((each) => each.endsWith(`@${own}`)) ?? only;
}
