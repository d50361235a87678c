import { useState } from "preact/hooks";
import { attempt } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { IconButton } from "./button.js";

const COPIED_MS = 1_500;

/** Code, with a button that copies it. */
export function CodeBlock({ text, language }: { text: string; language: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    if (!await attempt(() => navigator.clipboard.writeText(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <div class="code-block">
      {language && <span class="code-language">{language.slice(0, 24)}</span>}
      <pre tabIndex={0}><code>{text}</code></pre>
      <IconButton icon={isCopied ? "check" : "copy"} size={16}
        label={t(isCopied ? "action.copied" : "action.copy")} onClick={() => void copy()} />
    </div>
  );
}
