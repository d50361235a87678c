import type { ComponentChildren } from "preact";
import { go } from "../app/router.js";
import { t } from "../i18n/index.js";
import { IconButton } from "./button.js";

/** The frame of a page beside the list: a heading, and what scrolls below it. */
export function Page({ title, actions, children, back = "/" }: {
  title: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  back?: string;
}) {
  return (
    <main class="page" id="main">
      <header class="page-head">
        <IconButton icon="back" label={t("nav.back")} class="only-narrow"
          onClick={() => go(back)} />
        <h1>{title}</h1>
        {actions}
      </header>
      <div class="page-body">{children}</div>
    </main>
  );
}

/** What stands where a list has nothing. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <img src="/icon.svg" alt="" width="56" height="56" />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A link within the client. */
export function Link({ to, children, ...rest }: {
  to: string; children: ComponentChildren; class?: string; "aria-current"?: "page" | undefined;
}) {
  return (
    <a {...rest} href={to} onClick={(event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      go(to);
    }}>{children}</a>
  );
}
