// The messages of the conversation that is open.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { go, channelPath } from "../app/router.js";
import { Button, IconButton, Spinner } from "../components/button.js";
import { VirtualList, type Sight } from "../components/virtual-list.js";
import { channelName, channels } from "../state/channels.js";
import { nodeNow } from "../state/clock.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import { RowMaker, guessHeight, type Row } from "../state/rows.js";
import { attempt } from "../state/toasts.js";
import { formatDay } from "../text/format.js";
import { t, tn } from "../i18n/index.js";
import { useConversation } from "./conversation.js";
import { showInvite } from "./invite-dialog.js";
import { LocalRow } from "./local-row.js";
import { MessageRow } from "./message-row.js";
import { NoteRow } from "./note-row.js";

/** Before anything was ever said. */
const BEGINNING = "1970-01-01";

export function Messages() {
  const conversation = useConversation();
  const list = useRef<VirtualList<Row>>(null);
  const sight = useSignal<Sight<Row>>({ first: undefined, last: undefined, isAtEnd: true });
  const maker = useMemo(() => new RowMaker(), [conversation]);
  const rows = useComputed(() => {
    const { items, hasBefore, hasAfter } = conversation.view.value;
    const { account } = conversation.me;
    const [line, sending] = [conversation.line.value, conversation.sending.value];
    return maker.rows({ items, sending, line, hasBefore, hasAfter, account });
  });
  useTarget(conversation, list);
  useOpening(conversation, list);
  useReading(conversation, sight.value.isAtEnd);
  useSignalEffect(() => {
    if (conversation.sends.value) list.current?.showEnd();
  });
  const view = conversation.view.value;
  if (conversation.failure.value) {
    return <p class="messages-failure" role="alert">{conversation.failure.value}</p>;
  }
  return (
    <div class="messages">
      {view.items.length === 0 && view.loading && <Spinner />}
      <VirtualList handle={list} items={rows.value} label={t("timeline.log")} guess={guessHeight}
        followsEnd={!view.hasAfter} draw={draw} onSight={(next) => (sight.value = next)}
        onEdge={(edge) => edge === "first" ? conversation.older() : conversation.newer()} />
      <TopBar conversation={conversation} sight={sight.value} list={list} />
      <ToEnd conversation={conversation} sight={sight.value} list={list} />
      <Announcer conversation={conversation} />
    </div>
  );
}

type ListRef = { current: VirtualList<Row> | null };

function draw(row: Row) {
  switch (row.is) {
    case "message":
      return <MessageRow row={row} />;
    case "local":
      return <LocalRow row={row} />;
    case "note":
      return <NoteRow event={row.event} />;
    case "day":
      return <DayRow time={row.time} />;
    case "line":
      return <div class="unread-line" role="separator"><span>{t("timeline.unread")}</span></div>;
    case "begin":
      return <Begin />;
    default:
      return <MoreRow />;
  }
}

/** While there is nothing yet, the spinner of the whole says it. */
function MoreRow() {
  const isEmpty = !useConversation().view.value.items.length;
  return <div class="more-row">{!isEmpty && <Spinner />}</div>;
}

function DayRow({ time }: { time: string }) {
  return <div class="day" role="separator"><span>{formatDay(time)}</span></div>;
}

function Begin() {
  const conversation = useConversation();
  const channel = channels.value.get(conversation.id);
  if (!channel || conversation.view.value.items.length === 0 && conversation.view.value.loading) {
    return null;
  }
  const name = channelName(channel);
  const begin = conversation.view.value.limited ? "channel.limited"
    : channel.kind === "direct" ? "channel.beginDirect" : "channel.begin";
  // A group that was just founded: there is nobody yet who could read.
  const isAlone = channel.kind === "group" && channel.standing === "joined"
    && conversation.detail.value?.members.length === 1;
  return (
    <div class="begin">
      <h2>{name}</h2>
      <p>{t(begin, { name })}</p>
      {channel.topic && <p>{channel.topic}</p>}
      {isAlone && (
        <Button kind="primary" icon="userPlus" onClick={() => showInvite(channel.id)}>
          {t("channel.inviteFirst")}
        </Button>
      )}
    </div>
  );
}

/** Brings a message that an address names into sight. */
function useTarget(conversation: Conversation, list: ListRef): void {
  const shown = useRef<string | undefined>(undefined);
  useSignalEffect(() => {
    const wanted = conversation.target.value;
    const { items } = conversation.view.value;
    if (wanted === shown.current) return;
    if (wanted && !items.some(({ event }) => event.id === wanted)) return;
    shown.current = wanted;
    if (!wanted) return;
    requestAnimationFrame(() => list.current?.show(wanted));
  });
}

/** A channel opens at the unread line where that is further up than the window reaches. */
function useOpening(conversation: Conversation, list: ListRef): void {
  const isPlaced = useRef(false);
  useSignalEffect(() => {
    const { items, loading } = conversation.view.value;
    if (isPlaced.current || loading || !items.length) return;
    isPlaced.current = true;
    if (conversation.line.peek() === undefined || conversation.target.peek()) return;
    requestAnimationFrame(() => list.current?.show("line"));
  });
}

/** What stands at the end in a window that is looked at is read. */
function useReading(conversation: Conversation, isAtEnd: boolean): void {
  const { items, hasAfter } = conversation.view.value;
  const newest = items.at(-1)?.event.id;
  const isReached = conversation.isLineReached;
  useEffect(() => {
    const isShown = isAtEnd && !hasAfter && newest && isReached;
    const read = () => {
      if (isShown && document.hasFocus()) conversation.readSoon();
    };
    read();
    addEventListener("focus", read);
    return () => removeEventListener("focus", read);
  }, [newest, isAtEnd, hasAfter, isReached]);
}

function TopBar({ conversation, sight, list }: {
  conversation: Conversation; sight: Sight<Row>; list: ListRef;
}) {
  const channel = channels.value.get(conversation.id);
  const { pending } = conversation.view.value;
  const line = conversation.line.value;
  const isAbove = Boolean(channel?.unread) && !conversation.isLineReached;
  if (pending) return <div class="top-bar" role="status">{t("timeline.pending")}</div>;
  if (!isAbove || !sight.first) return null;
  const jump = async () => {
    await (line ? conversation.timeline.around(line) : conversation.timeline.date(BEGINNING));
    requestAnimationFrame(() => list.current?.show("line"));
  };
  return (
    <div class="top-bar">
      <Button kind="primary" icon="clock" onClick={() => void attempt(jump)}>
        {t("timeline.unreadJump")} · {tn("unread.count", channel?.unread ?? 0)}
      </Button>
      <Button icon="check" onClick={() => (conversation.line.value = undefined)}>
        {t("timeline.markRead")}
      </Button>
    </div>
  );
}

function ToEnd({ conversation, sight, list }: {
  conversation: Conversation; sight: Sight<Row>; list: ListRef;
}) {
  const { hasAfter, items } = conversation.view.value;
  const unread = channels.value.get(conversation.id)?.unread ?? 0;
  if (!items.length || (sight.isAtEnd && !hasAfter)) return null;
  const jump = async () => {
    if (hasAfter) await conversation.timeline.latest();
    conversation.target.value = undefined;
    go(channelPath(conversation.id), { replace: true });
    list.current?.showEnd();
  };
  return (
    <IconButton icon="down" class={unread ? "to-end unread" : "to-end"}
      label={unread ? tn("timeline.newMessages", unread) : t("timeline.bottom")}
      onClick={() => void attempt(jump)}>
      {unread > 0 && <span>{tn("timeline.newMessages", unread)}</span>}
    </IconButton>
  );
}

/** Tells screen readers what has come while the channel is open. */
function Announcer({ conversation }: { conversation: Conversation }) {
  const since = useMemo(() => new Date(nodeNow()).toISOString(), [conversation]);
  const { items } = conversation.view.value;
  const fresh = items.slice(-3).filter(({ event }) => event.time > since);
  return (
    <div class="visually-hidden" role="log" aria-live="polite" aria-label={t("timeline.log")}>
      {fresh.map(({ event }) => event.kind === "message" && event.text
        && event.sender !== conversation.me.account
        ? <p key={event.id}>{displayName(event.sender)}: {event.text.slice(0, 300)}</p> : null)}
    </div>
  );
}
