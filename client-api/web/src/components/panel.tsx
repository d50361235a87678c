import type { ComponentChildren } from "preact";
import { setQuery } from "../app/router.js";
import { t } from "../i18n/index.js";
import { IconButton } from "./button.js";

/** A panel beside the conversation. */
export function Panel({ title, children, foot, actions }: {
  title: string;
  children: ComponentChildren;
  foot?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <aside class="panel" aria-label={title}>
      <header class="page-head">
        <h2>{title}</h2>
        {actions}
        <IconButton icon="close" label={t("action.close")}
          onClick={() => setQuery({ panel: null, thread: null })} />
      </header>
      <div class="panel-body">{children}</div>
      {foot}
    </aside>
  );
}
