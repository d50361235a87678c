// A text of this device that the node has not taken yet.
import { Avatar } from "../components/avatar.js";
import { Button } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { me } from "../state/account.js";
import { displayName } from "../state/people.js";
import type { Row } from "../state/rows.js";
import { formatTime } from "../text/format.js";
import { sentenceOf } from "../i18n/codes.js";
import { t } from "../i18n/index.js";
import { MessageText } from "./message-text.js";

export function LocalRow({ row }: { row: Extract<Row, { is: "local" }> }) {
  const { session, account } = me();
  const { message, isFirst } = row;
  const { key, text, options, time, state, refusal, kept } = message;
  const said = {
    text, sender: account,
    ...(options.format === "markdown" ? { format: "markdown" as const } : {}),
    ...(options.mentions ? { mentions: options.mentions } : {}),
  };
  return (
    <article class={`message local ${state}${isFirst ? " first" : ""}`}
      aria-label={`${displayName(account)}, ${formatTime(time)}`}>
      <div class="message-side">{isFirst && <Avatar account={account} />}</div>
      <div class="message-main">
        {isFirst && (
          <header>
            <span class="message-sender">{displayName(account)}</span>
            <span class="message-time">{formatTime(time)}</span>
          </header>
        )}
        <MessageText message={said} />
        {state === "refused" ? (
          <div class="refusal" role="alert">
            <Icon name="warning" size={14} />
            <span>{t("delivery.refused", { reason: refusal ? sentenceOf(refusal) : "" })}</span>
            <Button kind="quiet" onClick={() => session.retry(key)}>{t("action.retry")}</Button>
            <Button kind="quiet" onClick={() => session.discard(key)}>
              {t("action.discard")}
            </Button>
          </div>
        ) : kept && (
          // Not before: it says that the page may be closed.
          <span class="marks">
            <span class="delivery clock" role="img" aria-label={t("delivery.queued")}
              title={t("delivery.queued")}><Icon name="clock" size={14} /></span>
          </span>
        )}
      </div>
    </article>
  );
}
