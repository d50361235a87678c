// The messages that mention the reader, the newest first.
import type { EventFrame } from "comity-sdk";
import { useEffect, useState } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { Button, Spinner } from "../components/button.js";
import { Empty, Page } from "../components/page.js";
import { me } from "../state/account.js";
import { channelName, channels } from "../state/channels.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { FoundMessage } from "./found-message.js";

const PAGE = 50;

export function MentionsPage() {
  const [frames, setFrames] = useState<EventFrame[]>();
  const [isMore, setMore] = useState(false);
  const load = (before?: string) => attempt(async () => {
    const place = before ? { before, limit: PAGE } : { limit: PAGE };
    const { events, more } = await me().client.api.messages.mentions(place);
    setFrames((held) => before ? [...held ?? [], ...events] : events);
    setMore(more);
  });
  useEffect(() => void load(), []);
  const last = frames?.at(-1)?.cursor;
  return (
    <Page title={t("mentions.title")}>
      {!frames && <Spinner />}
      {frames?.length === 0 && <Empty title={t("mentions.none")} />}
      <div class="results">
        {frames?.map(({ channel, event }) => {
          const held = channels.value.get(channel);
          return event.kind === "message" && (
            <FoundMessage key={event.id} message={event} where={held && channelName(held)}
              onOpen={() => go(channelPath(channel, event.id))} />
          );
        })}
      </div>
      {isMore && last && <Button onClick={() => void load(last)}>{t("search.more")}</Button>}
    </Page>
  );
}
