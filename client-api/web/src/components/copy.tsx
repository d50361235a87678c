import { useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { attempt } from "../state/toasts.js";
import { Button, IconButton } from "./button.js";

const SHOWN_MS = 2_000;

/** Copies a text, and says for a moment that it did. */
export function CopyButton({ text, label, small }: {
  text: string; label?: string; small?: boolean;
}) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    if (!await attempt(() => navigator.clipboard.writeText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), SHOWN_MS);
  };
  const name = isDone ? t("action.copied") : label ?? t("action.copy");
  if (small) {
    return <IconButton icon={isDone ? "check" : "copy"} size={15} label={name} onClick={copy} />;
  }
  return <Button icon={isDone ? "check" : "copy"} onClick={copy}>{name}</Button>;
}

/** A text that is shown to be taken elsewhere: a link, a key, records of a zone. */
export function CopyBox({ text, label }: { text: string; label: string }) {
  return (
    <div class="copy-box">
      <pre tabIndex={0} role="group" aria-label={label}>{text}</pre>
      <CopyButton text={text} label={`${t("action.copy")}: ${label}`} small />
    </div>
  );
}
