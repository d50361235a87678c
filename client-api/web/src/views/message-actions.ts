// What can be done about a message.
import type { Message } from "comity-sdk";
import { channelPath } from "../app/router.js";
import { confirm } from "../components/dialog.js";
import type { MenuItem } from "../components/menu.js";
import type { Conversation } from "../state/conversation.js";
import { attempt, toast } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { showReport } from "./report-dialog.js";

export async function react(
  { me, id: channel }: Conversation, { id: message }: Message, reaction: string, on: boolean,
): Promise<void> {
  await attempt(() => me.session.command({ do: "react", channel, message, reaction, on }));
}

export function messageMenu(conversation: Conversation, message: Message): (MenuItem | null)[] {
  const { me, id: channel } = conversation;
  const isOwn = message.sender === me.account;
  const role = conversation.detail.peek()?.role;
  const mayErase = isOwn || role === "moderator" || role === "owner";
  const link = new URL(channelPath(channel, message.id), location.origin).href;
  const pin = () => me.session.command({
    do: "pin", channel, message: message.id, on: !message.pinned,
  });
  const items: (MenuItem | null | false)[] = [
    isOwn && {
      label: t("message.edit"), icon: "edit", run: () => (conversation.editing.value = message),
    },
    { label: t("message.copyText"), icon: "copy", run: () => void copy(message.text ?? "") },
    { label: t("message.copyLink"), icon: "link", run: () => void copy(link) },
    {
      label: t(message.pinned ? "message.unpin" : "message.pin"), icon: "pin",
      run: () => void attempt(pin),
    },
    {
      label: t("message.markUnread"), icon: "bell",
      run: () => void attempt(() => conversation.unreadFrom(message.id)),
    },
    (!isOwn || mayErase) && null,
    !isOwn && {
      label: t("message.report"), icon: "flag", run: () => showReport(channel, message),
    },
    mayErase && {
      label: t("message.delete"), icon: "trash", danger: true,
      run: () => void erase(conversation, message),
    },
  ];
  return items.filter((each) => each !== false);
}

async function copy(text: string): Promise<void> {
  if (await attempt(() => navigator.clipboard.writeText(text))) toast(t("action.copied"));
}

async function erase({ me, id: channel }: Conversation, { id: message }: Message): Promise<void> {
  const yes = await confirm({
    title: t("message.delete"), text: t("message.deleteAsk"), action: t("action.delete"),
    danger: true,
  });
  if (yes) await attempt(() => me.session.command({ do: "erase", channel, message }));
}
