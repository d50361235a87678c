import { connection, me } from "../state/account.js";
import { outboxCount } from "../state/outbox.js";
import { useNow } from "../components/use-now.js";
import { Button } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { formatRelative } from "../text/format.js";
import { t, tn } from "../i18n/index.js";
import { isStale } from "../state/stale.js";

/** Says when there is no connection, and what waits for one. */
export function Banner() {
  const state = connection.value;
  const queued = outboxCount.value;
  useNow(state.status === "waiting" ? 1_000 : 0);
  if (!isStale.value) return null;
  const text = state.status !== "waiting" ? t("banner.connecting")
    : navigator.onLine
      ? t("banner.waiting", { when: formatRelative(Math.max(state.until, Date.now() + 1_000)) })
      : t("banner.offline");
  return (
    <div class="banner" role="status">
      <Icon name="unlink" size={16} />
      <span class="banner-text">
        {text} {queued > 0 && tn("banner.queued", queued)}
      </span>
      <Button kind="quiet" onClick={() => me().session.wake()}>{t("banner.now")}</Button>
    </div>
  );
}
