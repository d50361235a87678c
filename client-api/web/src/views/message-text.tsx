// The text of a message: Markdown or plain, with mentions, cut where it is very long.
import type { Message } from "comity-sdk";
import { useMemo, useState } from "preact/hooks";
import { me } from "../state/account.js";
import { renderMarkdown, renderPlain } from "../text/markdown.js";
import { drawMentions } from "../text/mentions.js";
import { isParagraph } from "../text/paragraph.js";
import { formatNumber } from "../text/format.js";
import { language, t } from "../i18n/index.js";
import { showProfile } from "./profile-card.js";

const SHOWN_LINES = 40;
const SHOWN_CHARS = 4_000;
/** One to three emoji and nothing else are drawn large. */
const PICTURE = "\\p{Extended_Pictographic}";
const EMOJI_ONLY = new RegExp(
  `^(?:${PICTURE}(?:[\\u200d\\ufe0f\\p{EMod}]|${PICTURE})*\\s*){1,3}$`, "u",
);

type Said = Pick<Message, "text" | "format" | "mentions" | "mention_all" | "sender">;

export function MessageText({ message }: { message: Said }) {
  const { text, format, mentions = [], mention_all = false, sender } = message;
  const [isWhole, setWhole] = useState(false);
  const cut = useMemo(() => cutText(text ?? ""), [text]);
  const isLong = cut.length < (text ?? "").length;
  const shown = isWhole ? text ?? "" : cut;
  const body = useMemo(() => {
    const draw = (run: string) => drawMentions(run, {
      mentions, all: mention_all, sender, me: me().account,
      onPress: (account, at) => showProfile(at.getBoundingClientRect(), account),
    });
    if (format !== "markdown") return renderPlain(shown, draw);
    return isParagraph(shown) ? <p>{draw(shown)}</p> : renderMarkdown(shown, draw);
  }, [shown, format, mentions, mention_all, sender, language.value]);
  const isEmoji = shown.length < 40 && EMOJI_ONLY.test(shown.trim());
  return (
    <div dir="auto"
      class={`text${isEmoji ? " emoji-only" : ""}${isLong && !isWhole ? " cut" : ""}`}>
      {body}
      {isLong && (
        <button type="button" class="expand" aria-expanded={isWhole}
          onClick={() => setWhole(!isWhole)}>
          {isWhole ? t("message.collapse")
            : t("message.expandSize", { size: formatNumber((text ?? "").length) })}
        </button>
      )}
    </div>
  );
}

/** The beginning of a long text; an open block of code is closed. */
function cutText(text: string): string {
  let end = Math.min(text.length, SHOWN_CHARS);
  let at = -1;
  for (let line = 0; line < SHOWN_LINES; line += 1) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at > end) break;
    if (line === SHOWN_LINES - 1) end = at;
  }
  if (end >= text.length) return text;
  const cut = text.slice(0, end).replace(/[\ud800-\udbff]$/, "");
  const fences = cut.match(/^ {0,3}```/gm)?.length ?? 0;
  return fences % 2 ? `${cut}\n\`\`\`` : cut;
}
