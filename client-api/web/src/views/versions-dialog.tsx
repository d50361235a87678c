import type { Message } from "comity-sdk";
import { useEffect, useState } from "preact/hooks";
import { Spinner } from "../components/button.js";
import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import type { Conversation } from "../state/conversation.js";
import { attempt } from "../state/toasts.js";
import { formatFull } from "../text/format.js";
import { t } from "../i18n/index.js";
import { MessageText } from "./message-text.js";

type Version = Awaited<ReturnType<Conversation["me"]["client"]["api"]["messages"]["versions"]>>[0];

export function showVersions(conversation: Conversation, message: Message): void {
  openDialog.value = () => <VersionsDialog conversation={conversation} message={message} />;
}

function VersionsDialog({ conversation, message }: {
  conversation: Conversation; message: Message;
}) {
  const [versions, setVersions] = useState<Version[]>();
  useEffect(() => {
    const { client } = conversation.me;
    void attempt(async () => {
      setVersions(await client.api.messages.versions(conversation.id, message.id));
    });
  }, []);
  return (
    <Dialog title={t("message.versions")} onClose={closeDialog} wide>
      {!versions && <Spinner />}
      <ol class="versions">
        {versions?.map(({ time, text, format }) => (
          <li key={time}>
            <time dateTime={time}>{formatFull(time)}</time>
            {text === null ? <p class="text gone">{t("message.versionGone")}</p>
              : <MessageText message={{ ...message, text, ...(format ? { format } : {}) }} />}
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
