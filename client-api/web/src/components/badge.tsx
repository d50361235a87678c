import { me } from "../state/account.js";
import { formatNumber } from "../text/format.js";
import { domainOf } from "../text/accounts.js";
import { tn } from "../i18n/index.js";

/** The domain of somebody of another organisation; nothing for the own one. */
export function DomainBadge({ account, domain }: { account?: string; domain?: string }) {
  const shown = domain ?? domainOf(account ?? "");
  if (!shown || shown === me().domain) return null;
  return <span class="domain-badge" title={shown}>{shown}</span>;
}

/** How much is unread, and mentions more loudly. */
export function UnreadBadge({ unread = 0, mentions = 0, muted = false }: {
  unread?: number | undefined; mentions?: number | undefined; muted?: boolean | undefined;
}) {
  if (mentions) return <span class="count mention">{spoken("unread.mentions", mentions)}</span>;
  if (unread && !muted) return <span class="count">{spoken("unread.count", unread)}</span>;
  return null;
}

function spoken(key: "unread.count" | "unread.mentions", count: number) {
  const shown = count > 999 ? "999+" : formatNumber(count);
  return <>
    <span aria-hidden="true">{shown}</span>
    <span class="visually-hidden">{tn(key, count)}</span>
  </>;
}
