// The page of a channel: its head, the messages, the composer, and a panel beside them.
import { createContext } from "preact";
import { useContext, useEffect, useMemo } from "preact/hooks";
import { panel } from "../app/router.js";
import { Empty, Page } from "../components/page.js";
import { me } from "../state/account.js";
import { areChannelsKnown, channels } from "../state/channels.js";
import { Conversation } from "../state/conversation.js";
import { t } from "../i18n/index.js";
import { BlockedLine } from "./blocked-line.js";
import { Composer } from "./composer.js";
import { ConversationHead } from "./conversation-head.js";
import { InvitationPage } from "./invitation.js";
import { MembersPanel } from "./members-panel.js";
import { Messages } from "./messages.js";
import { PinsPanel } from "./pins-panel.js";
import { ChannelSettingsPanel } from "./channel-settings.js";
import { ThreadPanel } from "./thread-panel.js";
import { TypingLine } from "./typing.js";

const Open = createContext<Conversation | undefined>(undefined);

/** The conversation that is open, for what is drawn within it. */
export function useConversation(): Conversation {
  const open = useContext(Open);
  if (!open) throw new Error("No conversation is open.");
  return open;
}

export function ConversationPage({ channel, message }: {
  channel: string; message: string | undefined;
}) {
  const held = channels.value.get(channel);
  if (!held) {
    const isMissing = areChannelsKnown.value;
    return <Page title="">{isMissing && <Empty title={t("channel.notFound")} />}</Page>;
  }
  if (held.standing === "invited" || held.standing === "joining") {
    return <InvitationPage channel={held} />;
  }
  return <OpenConversation channel={channel} message={message} />;
}

function OpenConversation({ channel, message }: { channel: string; message: string | undefined }) {
  const conversation = useMemo(() => new Conversation(me(), channel), [channel]);
  useEffect(() => () => conversation.close(), [conversation]);
  useEffect(() => {
    if (message) void conversation.open(message);
    else if (!conversation.view.peek().items.length) void conversation.open();
  }, [conversation, message]);
  const open = panel.value;
  return (
    <Open.Provider value={conversation}>
      <div class={`conversation${open ? " with-panel" : ""}`}>
        <main class="conversation-main" id="main" aria-label={t("nav.conversation")}>
          <ConversationHead />
          <Messages />
          <TypingLine />
          <BlockedLine />
          <Composer />
        </main>
        {open === "members" && <MembersPanel />}
        {open === "pins" && <PinsPanel />}
        {open === "settings" && <ChannelSettingsPanel />}
        {open === "thread" && <ThreadPanel />}
      </div>
    </Open.Provider>
  );
}
