// A message of the timeline.
import { Component } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Message } from "comity-sdk";
import { channelPath, go, setQuery } from "../app/router.js";
import { Avatar } from "../components/avatar.js";
import { DomainBadge } from "../components/badge.js";
import { IconButton } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { openMenu, openPopover } from "../components/menu.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import type { Row } from "../state/rows.js";
import { formatFull, formatShort, formatTime } from "../text/format.js";
import { t, tn } from "../i18n/index.js";
import { useConversation } from "./conversation.js";
import { DeliveryMark } from "./delivery.js";
import { EmojiPicker } from "./emoji-picker.js";
import { messageMenu, react } from "./message-actions.js";
import { MessageText } from "./message-text.js";
import { showProfile } from "./profile-card.js";
import { Quote } from "./quote.js";
import { Reactions } from "./reactions.js";
import { ReadBy } from "./read-by.js";
import { showVersions } from "./versions-dialog.js";

type MessageRowData = Extract<Row, { is: "message" }>;

/** Drawn again when its row is another one; what it reads of signals is watched besides. */
export class MessageRow extends Component<{ row: MessageRowData }> {
  override shouldComponentUpdate(next: { row: MessageRowData }): boolean {
    return next.row !== this.props.row;
  }

  render({ row }: { row: MessageRowData }) {
    return <TimelineMessage row={row} />;
  }
}

function TimelineMessage({ row }: { row: MessageRowData }) {
  const conversation = useConversation();
  const { event, delivered } = row.item;
  if (event.kind !== "message") return null;
  const isOwn = event.sender === conversation.me.account;
  return (
    <MessageArticle message={event} conversation={conversation} isFirst={row.isFirst}>
      {event.thread && <ThreadTag message={event} />}
      <span class="marks">
        <ReadBy id={event.id} />
        {isOwn && <DeliveryMark delivered={delivered} />}
      </span>
    </MessageArticle>
  );
}

/** A message wherever it is shown: in the timeline, in a thread. */
export function MessageArticle({ message, conversation, isFirst, inThread = false, children }: {
  message: Message;
  conversation: Conversation;
  isFirst: boolean;
  inThread?: boolean;
  children?: preact.ComponentChildren;
}) {
  const { id, sender, time, mentions, mention_all } = message;
  const [isNear, setNear] = useState(false);
  const own = conversation.me.account;
  const isMention = sender !== own && (mention_all || mentions?.includes(own));
  const kinds = ["message", isFirst && "first", isMention && "mentioned",
    conversation.target.value === id && !inThread && "target",
    conversation.editing.value?.id === id && "edited-now", message.pinned && "pinned"];
  const open = (event: { currentTarget: Element }) =>
    showProfile(event.currentTarget.getBoundingClientRect(), sender);
  return (
    <article class={kinds.filter(Boolean).join(" ")} aria-label={`${displayName(sender)}, `
      + formatTime(time)} data-id={id} tabIndex={-1}
      onPointerMove={() => setNear(true)} onPointerDown={() => setNear(true)}>
      {message.reply_to && !inThread
        && <Quote conversation={conversation} id={message.reply_to} />}
      <div class="message-side">
        {isFirst ? <button type="button" class="message-avatar" onClick={open} tabIndex={-1}
          aria-label={t("profile.of", { name: displayName(sender) })}>
          <Avatar account={sender} />
        </button> : <time dateTime={time} title={formatFull(time)}>{formatTime(time)}</time>}
      </div>
      <div class="message-main">
        {isFirst && (
          <header>
            <button type="button" class="message-sender" onClick={open}>
              {displayName(sender)}
            </button>
            <DomainBadge account={sender} />
            <MessageTime message={message} channel={conversation.id} />
          </header>
        )}
        <Body message={message} conversation={conversation} />
        {!inThread && message.replies && <Replies message={message} />}
        {children}
      </div>
      {!message.erased
        && <Actions message={message} conversation={conversation} isNear={isNear} />}
    </article>
  );
}

function MessageTime({ message: { id, time }, channel }: { message: Message; channel: string }) {
  const to = channelPath(channel, id);
  return (
    <a class="message-time" href={to} title={formatFull(time)} onClick={(event) => {
      event.preventDefault();
      go(to, { replace: true });
    }}><time dateTime={time}>{formatTime(time)}</time></a>
  );
}

function Body({ message, conversation }: { message: Message; conversation: Conversation }) {
  const { text, erased, by, edited_time, late, time, pinned } = message;
  if (erased) {
    const why = t(by === "retention" ? "message.retention" : "message.erased");
    return <p class="text gone"><Icon name="trash" size={14} />{why}</p>;
  }
  if (text === null) return <p class="text gone">{t("message.missing")}</p>;
  return <>
    <MessageText message={message} />
    {(edited_time || late || pinned) && (
      <span class="message-flags">
        {edited_time && <button type="button" title={formatFull(edited_time)}
          onClick={() => showVersions(conversation, message)}>{t("message.edited")}</button>}
        {late && <span title={t("message.lateHint", { time: formatFull(time) })}>
          <Icon name="clock" size={12} />{t("message.late")}</span>}
        {pinned && <span><Icon name="pin" size={12} />{t("message.pinned")}</span>}
      </span>
    )}
    <Reactions message={message} conversation={conversation} />
  </>;
}

function Replies({ message: { id, replies } }: { message: Message }) {
  if (!replies?.count) return null;
  return (
    <button type="button" class="replies" onClick={() => openThread(id)}>
      <Icon name="thread" size={14} />
      <strong>{tn("message.replies", replies.count)}</strong>
      <span>{formatShort(replies.last_time)}</span>
    </button>
  );
}

function ThreadTag({ message }: { message: Message }) {
  return (
    <button type="button" class="thread-tag" onClick={() => openThread(message.thread ?? "")}>
      <Icon name="thread" size={12} />{t("thread.title")}
    </button>
  );
}

/** Opens the panel of a thread; named is any message of it. */
export function openThread(id: string): void {
  setQuery({ panel: "thread", thread: id });
}

/** The toolbar is made when somebody comes near: most messages are only scrolled past. */
function Actions({ isNear, ...rest }: {
  message: Message; conversation: Conversation; isNear: boolean;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const [isAsked, setAsked] = useState(false);
  useLayoutEffect(() => {
    if (isAsked) bar.current?.querySelector("button")?.focus();
  }, [isAsked]);
  if (isNear || isAsked) return <Toolbar bar={bar} {...rest} />;
  // Who comes by the keyboard goes on to the first button.
  return (
    <button type="button" class="message-door" aria-label={t("message.actions")}
      onFocus={() => setAsked(true)} />
  );
}

function Toolbar({ bar, message, conversation }: {
  bar: { current: HTMLDivElement | null }; message: Message; conversation: Conversation;
}) {
  const pick = (event: { currentTarget: Element }) => {
    openPopover(event.currentTarget, t("emoji.pick"), () => (
      <EmojiPicker onPick={(emoji) => void react(conversation, message, emoji, true)} />
    ));
  };
  return (
    <div class="message-actions" ref={bar} role="toolbar" aria-label={t("message.actions")}>
      <IconButton icon="smile" size={16} label={t("message.react")} onClick={pick} />
      <IconButton icon="reply" size={16} label={t("message.reply")}
        onClick={() => (conversation.replyTo.value = message)} />
      <IconButton icon="thread" size={16} label={t("message.replyThread")}
        onClick={() => openThread(message.thread ?? message.id)} />
      <IconButton icon="dots" size={16} label={t("action.more")} aria-haspopup="menu"
        onClick={(event) => openMenu(event.currentTarget, t("message.actions"),
          messageMenu(conversation, message))} />
    </div>
  );
}
