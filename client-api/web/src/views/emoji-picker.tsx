// A small choice of emoji, found by their names.
import { useState } from "preact/hooks";
import { closePopover } from "../components/menu.js";
import { emojis, findEmoji } from "../text/emoji.js";
import { t } from "../i18n/index.js";

export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const [text, setText] = useState("");
  const shown = text ? findEmoji(text, 64) : emojis.value;
  const pick = (emoji: string) => {
    closePopover();
    onPick(emoji);
  };
  return (
    <div class="emoji-picker">
      <input type="search" value={text} placeholder={t("emoji.pick")} aria-label={t("emoji.pick")}
        autofocus ref={(element) => element?.focus()}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = shown[0];
          if (event.key === "Enter" && first && !event.isComposing) pick(first[0]);
        }} />
      <div class="emoji-grid" role="group" aria-label={t("emoji.pick")}>
        {shown.map(([emoji, names]) => (
          <button key={emoji} type="button" title={names} aria-label={names}
            onClick={() => pick(emoji)}>{emoji}</button>
        ))}
      </div>
    </div>
  );
}
