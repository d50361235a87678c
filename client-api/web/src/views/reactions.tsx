import type { Message } from "comity-sdk";
import { IconButton } from "../components/button.js";
import { openPopover } from "../components/menu.js";
import type { Conversation } from "../state/conversation.js";
import { displayName } from "../state/people.js";
import { formatNumber } from "../text/format.js";
import { t } from "../i18n/index.js";
import { EmojiPicker } from "./emoji-picker.js";
import { react } from "./message-actions.js";

const NAMES_MAX = 8;

export function Reactions({ message, conversation }: {
  message: Message; conversation: Conversation;
}) {
  const { reactions = [] } = message;
  if (!reactions.length) return null;
  const own = conversation.me.account;
  return (
    <div class="reactions">
      {reactions.map(({ reaction, count, accounts }) => {
        const isMine = accounts.includes(own);
        const names = accounts.slice(0, NAMES_MAX).map(displayName).join(", ");
        const more = count - Math.min(accounts.length, NAMES_MAX);
        const who = more ? t("message.reactedMore", { names, count: more }) : names;
        const said = t("message.reactedBy", { names: who, reaction });
        // What is to be seen on it comes first in its name, for who speaks to it.
        const label = `${reaction} ${formatNumber(count)}: ${said}`;
        return (
          <button key={reaction} type="button" class="reaction" aria-pressed={isMine}
            aria-label={label} title={label}
            onClick={() => void react(conversation, message, reaction, !isMine)}>
            <span class="emoji">{reaction}</span> {formatNumber(count)}
          </button>
        );
      })}
      <IconButton icon="smile" size={16} class="reaction-add" label={t("message.react")}
        onClick={(event) => openPopover(event.currentTarget, t("emoji.pick"), () => (
          <EmojiPicker onPick={(emoji) => void react(conversation, message, emoji, true)} />
        ))} />
    </div>
  );
}
