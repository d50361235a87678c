import { Button } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { me } from "../state/account.js";
import { blocked, reloadBlocks } from "../state/blocks.js";
import { channels } from "../state/channels.js";
import { displayName } from "../state/people.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { useConversation } from "./conversation.js";

/** Says in a direct channel that its other one is blocked, for whoever wonders why it is quiet. */
export function BlockedLine() {
  const account = channels.value.get(useConversation().id)?.with ?? "";
  if (!blocked.value.has(account)) return null;
  const unblock = () => void attempt(async () => {
    await me().client.api.people.unblock(account);
    await reloadBlocks();
  });
  return (
    <div class="composer-none" role="status">
      <Icon name="lock" size={16} />
      {t("channel.blocked", { name: displayName(account) })}
      <Button onClick={unblock}>{t("profile.unblock")}</Button>
    </div>
  );
}
