import { dismiss, toasts } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { Button, IconButton } from "./button.js";

/** Draws the notices; stands once in the page. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind, action }) => (
        <div key={id} class={`toast ${kind}`}>
          <span class="toast-text">{text}</span>
          {action && <Button kind="quiet" onClick={() => {
            dismiss(id);
            action.run();
          }}>{action.label}</Button>}
          <IconButton icon="close" size={14} label={t("action.close")}
            onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
