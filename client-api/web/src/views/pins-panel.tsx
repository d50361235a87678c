import type { ChannelEvent } from "comity-sdk";
import { useEffect, useState } from "preact/hooks";
import { channelPath, go } from "../app/router.js";
import { Spinner } from "../components/button.js";
import { Panel } from "../components/panel.js";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { useConversation } from "./conversation.js";
import { FoundMessage } from "./found-message.js";

export function PinsPanel() {
  const { id, me } = useConversation();
  const [pins, setPins] = useState<ChannelEvent[]>();
  useEffect(() => {
    const load = () => void attempt(async () => {
      setPins((await me.client.api.messages.pins(id)).events);
    });
    load();
    return me.session.on("event", ({ channel, event }) => {
      if (channel === id && ["pinned", "erased"].includes(event.kind)) load();
    });
  }, [id]);
  return (
    <Panel title={t("pins.title")}>
      {!pins && <Spinner />}
      {pins?.length === 0 && <p class="panel-none">{t("pins.none")}</p>}
      {pins?.map((event) => event.kind === "message" && (
        <FoundMessage key={event.id} message={event}
          onOpen={() => go(`${channelPath(id, event.id)}?panel=pins`)} />
      ))}
    </Panel>
  );
}
