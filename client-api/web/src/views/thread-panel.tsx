// A thread beside the conversation: the message that it begins with, and its replies.
import { signal } from "@preact/signals";
import type { ChannelEvent, Message } from "comity-sdk";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { query } from "../app/router.js";
import { Spinner } from "../components/button.js";
import { Panel } from "../components/panel.js";
import type { Conversation } from "../state/conversation.js";
import { failed } from "../state/toasts.js";
import { t, tn } from "../i18n/index.js";
import { Composer } from "./composer.js";
import { useConversation } from "./conversation.js";
import { LocalRow } from "./local-row.js";
import { MessageArticle } from "./message-row.js";

const PAGE = 200;
const REPLIES_MAX = 2_000;
const CHANGES = ["edited", "erased", "reacted", "pinned"];

export function ThreadPanel() {
  const conversation = useConversation();
  const id = query.value.get("thread") ?? "";
  const thread = useMemo(() => new Thread(conversation, id), [conversation, id]);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void thread.load();
    return () => thread.close();
  }, [thread]);
  const { root, replies } = thread;
  const sending = conversation.sending.value.filter(({ options }) => options.thread === id);
  const count = replies.value.length + sending.length;
  useEffect(() => end.current?.scrollIntoView({ block: "end" }), [count]);
  return (
    <Panel title={t("thread.title")} foot={<Composer thread={id} />}>
      {!root.value && <Spinner />}
      {root.value && (
        <MessageArticle message={root.value} conversation={conversation} isFirst inThread />
      )}
      <div class="thread-count" role="separator">
        <span>{tn("message.replies", replies.value.length)}</span>
      </div>
      {replies.value.map((message, index) => (
        <MessageArticle key={message.id} message={message} conversation={conversation} inThread
          isFirst={replies.value[index - 1]?.sender !== message.sender} />
      ))}
      {sending.map((message) => (
        <LocalRow key={message.key}
          row={{ is: "local", key: message.key, message, isFirst: true }} />
      ))}
      <div ref={end} />
    </Panel>
  );
}

/** What the panel shows: asked for anew when something of it changes. */
class Thread {
  readonly root = signal<Message | undefined>(undefined);
  readonly replies = signal<Message[]>([]);
  readonly #end: () => void;

  constructor(readonly conversation: Conversation, readonly id: string) {
    this.#end = conversation.me.session.on("event", ({ channel, event }) => {
      if (channel !== conversation.id) return;
      const isOfIt = event.kind === "message" && event.thread === id;
      if (isOfIt || (CHANGES.includes(event.kind) && this.#has(event))) void this.load();
    });
  }

  close(): void {
    this.#end();
  }

  async load(): Promise<void> {
    const { id: channel, me: { client: { api } } } = this.conversation;
    try {
      const { event } = await api.messages.get(channel, this.id);
      if (event.kind === "message") this.root.value = event;
      const all: Message[] = [];
      let isMore = true;
      while (isMore && all.length < REPLIES_MAX) {
        const after = all.at(-1)?.id;
        const place = after ? { after, limit: PAGE } : { limit: PAGE };
        const { events, more } = await api.messages.replies(channel, this.id, place);
        all.push(...events.filter((each) => each.kind === "message"));
        isMore = more && events.length > 0;
      }
      this.replies.value = all;
    } catch (error) {
      failed(error);
    }
  }

  #has(event: ChannelEvent): boolean {
    const target = "message" in event ? event.message : undefined;
    return target === this.id || this.replies.peek().some(({ id }) => id === target);
  }
}
