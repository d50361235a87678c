import { displayName } from "../state/people.js";
import { t } from "../i18n/index.js";
import { useConversation } from "./conversation.js";

/** Who types. Its line is always there, so that nothing jumps. */
export function TypingLine() {
  const accounts = useConversation().typing.value;
  const [one, other] = accounts.map(displayName);
  const text = accounts.length > 2 ? t("typing.many")
    : other ? t("typing.pair", { one: one ?? "", other })
      : one ? t("typing.single", { name: one }) : "";
  return (
    <div class="typing" aria-live="off">
      {text && <span class="typing-dots" aria-hidden="true"><i /><i /><i /></span>}
      {text}
    </div>
  );
}
