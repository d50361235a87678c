// What can be done about a channel.
import type { Channel } from "comity-sdk";
import { go } from "../app/router.js";
import { confirm } from "../components/dialog.js";
import type { MenuItem } from "../components/menu.js";
import { me } from "../state/account.js";
import { channelName, dropChannel, patchChannel } from "../state/channels.js";
import type { Conversation } from "../state/conversation.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { togglePanel } from "./conversation-head.js";
import { showDateDialog } from "./date-dialog.js";
import { showInvite } from "./invite-dialog.js";

export function channelMenu(channel: Channel, conversation: Conversation): (MenuItem | null)[] {
  const isGroup = channel.kind === "group";
  const { id, muted } = channel;
  const items: (MenuItem | null | false)[] = [
    isGroup && { label: t("action.invite"), icon: "userPlus", run: () => showInvite(id) },
    { label: t("pins.title"), icon: "pin", run: () => togglePanel("pins") },
    {
      label: t("timeline.date"), icon: "calendar", run: () => showDateDialog(conversation),
    },
    null,
    {
      label: t(muted ? "channel.unmute" : "channel.mute"), icon: muted ? "bell" : "bellOff",
      run: () => void mute(id, !muted),
    },
    {
      label: t(isGroup ? "channel.settings" : "notify.title"), icon: "settings",
      run: () => togglePanel("settings"),
    },
    isGroup && null,
    isGroup && {
      label: t("channel.leave"), icon: "logOut", danger: true, run: () => void leave(channel),
    },
  ];
  return items.filter((each) => each !== false);
}

async function mute(channel: string, on: boolean): Promise<void> {
  patchChannel(channel, { muted: on });
  const isDone = await attempt(() => me().session.command({ do: "mute", channel, on }));
  if (!isDone) patchChannel(channel, { muted: !on });
}

/** Asks, then leaves. */
export async function leave(channel: Channel): Promise<void> {
  const yes = await confirm({
    title: t("channel.leave"), danger: true, action: t("action.leave"),
    text: t("channel.leaveAsk", { name: channelName(channel) }),
  });
  if (!yes || !await attempt(() => me().client.api.channels.leave(channel.id))) return;
  dropChannel(channel.id);
  go("/");
}
