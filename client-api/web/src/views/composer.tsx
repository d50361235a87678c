// Where texts are written: in the channel, or in a thread of it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { openPopover } from "../components/menu.js";
import { channelName, channels } from "../state/channels.js";
import type { Conversation } from "../state/conversation.js";
import { draftOf } from "../state/drafts.js";
import { displayName } from "../state/people.js";
import { enterSends } from "../state/settings.js";
import { attempt, failed } from "../state/toasts.js";
import { formatNumber } from "../text/format.js";
import { ALL, mentionsIn } from "../text/mentions.js";
import { plainLine } from "../text/plain.js";
import { t } from "../i18n/index.js";
import { Completion, useCompletion } from "./completion.js";
import { useConversation } from "./conversation.js";
import { EmojiPicker } from "./emoji-picker.js";

const TEXT_MAX = 100_000;
const TYPING_EVERY_MS = 3_000;
const HEIGHT_MAX = 0.4;

/** The composer, or why there is none. */
export function Composer({ thread }: { thread?: string }) {
  const conversation = useConversation();
  const channel = channels.value.get(conversation.id);
  const detail = conversation.detail.value;
  const roles = ["member", "moderator", "owner"];
  const needed = detail?.rules?.posting ?? "member";
  const role = channel?.role ?? detail?.role ?? "owner";
  const why = channel?.standing === "kept" ? t("channel.kept")
    : detail?.rules?.archived ? t("channel.archived")
      : needed !== "member" && roles.indexOf(role) < roles.indexOf(needed)
        ? t("channel.restricted", { role: t(`channel.roleMin.${needed}`) }) : undefined;
  if (why) return <div class="composer-none"><Icon name="lock" size={16} />{why}</div>;
  return <Writing key={thread ?? ""} conversation={conversation} thread={thread} />;
}

function Writing({ conversation, thread }: {
  conversation: Conversation; thread: string | undefined;
}) {
  const draft = draftOf(conversation.id, thread);
  const area = useRef<HTMLTextAreaElement>(null);
  const typed = useTyping(conversation);
  const [edited, setEdited] = useState<{ id: string; text: string }>();
  const editing = thread ? undefined : conversation.editing.value;
  const replyTo = thread ? undefined : conversation.replyTo.value;
  const now = edited?.id === editing?.id ? edited : editing;
  const text = editing ? now?.text ?? "" : draft.value;
  const write = (next: string) => {
    if (editing) setEdited({ id: editing.id, text: next });
    else draft.value = next;
  };
  const completion = useCompletion(conversation, area, text, write);
  useLayoutEffect(() => grow(area.current), [text]);
  // Not after the next frame: somebody may type by then.
  useLayoutEffect(() => {
    // Where it would bring up a keyboard over the messages, only for what asks for a text.
    if (editing || replyTo || matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, [conversation, editing?.id, replyTo?.id]);
  const over = text.length > TEXT_MAX ? [...text].length - TEXT_MAX : 0;
  const finish = () => {
    setEdited(undefined);
    conversation.editing.value = undefined;
    conversation.replyTo.value = undefined;
  };
  const submit = () => {
    if (over > 0 || !text.trim()) return;
    if (editing) void saveEdit(conversation, text);
    else if (send(conversation, text, thread)) draft.value = "";
    typed(false);
    finish();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (completion.take(event)) return event.preventDefault();
    const isSend = event.key === "Enter" && (enterSends.value ? !event.shiftKey
      : event.ctrlKey || event.metaKey);
    if (isSend) submit();
    else if (event.key === "Escape" && (editing || replyTo)) finish();
    else if (event.key !== "ArrowUp" || text || thread || !editLast(conversation)) return;
    event.preventDefault();
  };
  return (
    <form class="composer" onSubmit={(event) => {
      event.preventDefault();
      submit();
    }}>
      <Completion completion={completion} />
      {editing && <Above icon="edit" label={t("compose.editing")} end={finish}
        endLabel={t("compose.cancelEdit")} />}
      {replyTo && !editing && <Above icon="reply" end={finish} endLabel={t("compose.cancelReply")}
        label={t("compose.replying", { name: displayName(replyTo.sender) })}
        text={replyTo.text ?? ""} />}
      <div class="composer-box">
        <textarea ref={area} rows={1} value={text} placeholder={placeholder(conversation, thread)}
          aria-label={placeholder(conversation, thread)} dir="auto" onKeyDown={keys}
          aria-autocomplete="list" enterkeyhint={enterSends.value ? "send" : "enter"}
          aria-controls={completion.choices.length ? "completion" : undefined}
          aria-activedescendant={completion.choices.length
            ? `completion-${completion.at}` : undefined} onInput={(event) => {
            write(event.currentTarget.value);
            if (!editing) typed(event.currentTarget.value !== "");
            // What an input method writes selects nothing.
            completion.look();
          }} onSelect={completion.look} onBlur={completion.close} />
        <IconButton icon="smile" label={t("compose.emoji")} onClick={(event) => openPopover(
          event.currentTarget, t("emoji.pick"),
          () => <EmojiPicker onPick={(emoji) => insert(area.current, emoji, write)} />)} />
        <IconButton icon="send" type="submit" class="send" label={t("action.send")}
          disabled={!text.trim() || over > 0} />
      </div>
      {over > 0 && (
        <p class="hint error" role="alert">
          {t("compose.tooLong", { count: formatNumber(over) })}
        </p>
      )}
    </form>
  );
}

function Above({ icon, label, text, end, endLabel }: {
  icon: "edit" | "reply"; label: string; text?: string; end: () => void; endLabel: string;
}) {
  return (
    <div class="composer-above">
      <Icon name={icon} size={14} />
      <strong>{label}</strong>
      {text && <span>{plainLine(text).slice(0, 120)}</span>}
      <IconButton icon="close" size={14} label={endLabel} onClick={end} />
    </div>
  );
}

function placeholder(conversation: Conversation, thread: string | undefined): string {
  if (thread) return t("compose.placeholderThread");
  const channel = channels.value.get(conversation.id);
  const key = channel?.kind === "direct" ? "compose.placeholderDirect" : "compose.placeholder";
  return t(key, { name: channel ? channelName(channel) : "" });
}

/** Puts a text into the outbox; false where it is full. */
function send(conversation: Conversation, text: string, thread: string | undefined): boolean {
  const { me, id } = conversation;
  const detail = conversation.detail.peek();
  const members = detail?.members.map(({ account }) => account) ?? [];
  const { accounts, all } = mentionsIn(text, members, me.domain);
  const mayAll = detail?.rules && text.includes(`@${ALL}`) && all;
  const reply = thread ? undefined : conversation.replyTo.peek();
  const root = thread ?? reply?.thread;
  try {
    me.session.send(id, text, {
      format: "markdown",
      ...(accounts.length ? { mentions: accounts } : {}),
      ...(mayAll ? { mention_all: true } : {}),
      ...(reply ? { reply_to: reply.id } : {}),
      ...(root ? { thread: root } : {}),
    });
    conversation.line.value = undefined;
    if (!thread) conversation.sent();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

async function saveEdit(conversation: Conversation, text: string): Promise<void> {
  const message = conversation.editing.peek();
  if (!message || message.text === text) return;
  await attempt(() => conversation.me.session.command({
    do: "edit", channel: conversation.id, message: message.id, text, format: "markdown",
  }));
}

/** Begins to edit the newest own message that is shown. */
function editLast(conversation: Conversation): boolean {
  const own = conversation.me.account;
  const last = conversation.view.peek().items.findLast(({ event }) =>
    event.kind === "message" && event.sender === own && event.text !== null && !event.erased);
  if (last?.event.kind !== "message") return false;
  conversation.editing.value = last.event;
  return true;
}

/** Says that the user types, every few seconds while he does. */
function useTyping({ me, id }: Conversation): (typing: boolean) => void {
  const said = useRef(0);
  return (typing) => {
    const now = Date.now();
    if (typing ? now - said.current < TYPING_EVERY_MS : !said.current) return;
    said.current = typing ? now : 0;
    me.session.typing(id, typing);
  };
}

function grow(element: HTMLTextAreaElement | null): void {
  if (!element) return;
  element.style.height = "auto";
  element.style.height = `${Math.min(element.scrollHeight + 2, innerHeight * HEIGHT_MAX)}px`;
}

/** Puts something where the caret stands. */
function insert(
  element: HTMLTextAreaElement | null, what: string, write: (text: string) => void,
): void {
  if (!element) return;
  const { selectionStart: from, selectionEnd: to, value } = element;
  write(value.slice(0, from) + what + value.slice(to));
  requestAnimationFrame(() => {
    element.focus();
    element.setSelectionRange(from + what.length, from + what.length);
  });
}
