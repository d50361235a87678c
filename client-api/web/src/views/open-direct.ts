// Opening a direct channel, and what to do where the other organisation is no partner yet.
import { channelPath, go } from "../app/router.js";
import { me } from "../state/account.js";
import { reloadChannels } from "../state/channels.js";
import { failed, messageOf } from "../state/toasts.js";
import { domainOf } from "../text/accounts.js";
import { ComityError } from "comity-sdk";
import { t } from "../i18n/index.js";

/** Refusals that an admin of one of the two organisations can lift. */
const BY_ADMINS = new Set([
  "domain_refused", "domain_waits", "refused_by_domain", "waits_at_domain", "channel_not_granted",
]);

/**
 * Opens it and goes there; a refusal is shown as a toast. `leave` closes what it was opened from,
 * not before the node has answered: what is typed meanwhile must not go to the conversation below.
 */
export async function openDirect(account: string, leave: () => void): Promise<void> {
  try {
    await goToDirect(account, leave);
  } catch (error) {
    leave();
    failed(new Error(explain(error, account)));
  }
}

/** Opens it, leaves and goes there; throws what the node says. */
export async function goToDirect(account: string, leave: () => void): Promise<void> {
  const id = await me().client.api.channels.openDirect(account);
  reloadChannels();
  leave();
  go(channelPath(id));
}

/** The refusal's sentence, and what both admins can do. */
export function explain(error: unknown, account: string): string {
  if (!(error instanceof ComityError) || !BY_ADMINS.has(error.code)) return messageOf(error);
  const how = t("direct.partnerHow", { domain: domainOf(account), own: me().domain });
  return `${messageOf(error)} ${how}`;
}
