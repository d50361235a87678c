import { signal } from "@preact/signals";
import { connection, me } from "../state/account.js";
import { clockAhead } from "../state/clock.js";
import { outboxCount } from "../state/outbox.js";
import { isStale } from "../state/stale.js";
import { isStorageFull } from "../state/storage.js";
import { useNow } from "../components/use-now.js";
import { Button, IconButton } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { formatRelative } from "../text/format.js";
import { formatSpan } from "../text/units.js";
import { t, tn } from "../i18n/index.js";

/** The difference of the clocks that the user has read about, in whole minutes. */
const seenClock = signal(0);

/** What the user has to know about this device, whatever page is open. */
export function Banners() {
  return <>
    <ConnectionBanner />
    <StorageBanner />
    <ClockBanner />
  </>;
}

/** Says when there is no connection, and what waits for one. */
function ConnectionBanner() {
  const state = connection.value;
  const queued = outboxCount.value;
  useNow(state.status === "waiting" ? 1_000 : 0);
  if (!isStale.value) return null;
  const text = state.status !== "waiting" ? t("banner.connecting")
    : navigator.onLine ? t("banner.waiting", { when: soon(state.until) }) : t("banner.offline");
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

/** A moment to come, by this device's own clock. */
function soon(until: number): string {
  const now = Date.now();
  return formatRelative(Math.max(until, now + 1_000), now);
}

/** Says that nothing can be kept here. */
function StorageBanner() {
  if (!isStorageFull.value) return null;
  return (
    <div class="banner" role="status">
      <Icon name="warning" size={16} />
      <span class="banner-text">{t("banner.full")}</span>
    </div>
  );
}

function ClockBanner() {
  const ahead = clockAhead.value;
  const minutes = Math.round(ahead / 60_000);
  if (!minutes || minutes === seenClock.value) return null;
  const text = t(ahead < 0 ? "banner.clockFast" : "banner.clockSlow", {
    span: formatSpan(Math.abs(minutes) * 60_000),
  });
  return (
    <div class="banner" role="status">
      <Icon name="clock" size={16} />
      <span class="banner-text">{text}</span>
      <IconButton icon="close" size={16} label={t("action.close")}
        onClick={() => (seenClock.value = minutes)} />
    </div>
  );
}
