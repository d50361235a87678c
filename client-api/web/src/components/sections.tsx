// The frame of the settings and of the console: a list of pages, and one of them beside it. On a
// phone they take turns.
import type { ComponentChildren } from "preact";
import { go } from "../app/router.js";
import { t } from "../i18n/index.js";
import { formatNumber } from "../text/format.js";
import { IconButton } from "./button.js";
import { Icon, type IconName } from "./icon.js";
import { Link } from "./page.js";

export interface SectionPage {
  id: string;
  label: string;
  icon: IconName;
  /** How much waits there, and what that is. */
  count?: number | undefined;
  countLabel?: string | undefined;
}

export function Sections({ base, title, note, groups, page, children }: {
  base: string;
  title: string;
  note?: ComponentChildren;
  groups: (readonly [title: string, pages: SectionPage[]])[];
  /** Empty where none is chosen: then the first is shown where there is room for both. */
  page: string;
  children: ComponentChildren;
}) {
  const first = groups[0]?.[1][0]?.id;
  return (
    <div class={`sections${page ? "" : " at-list"}`}>
      <nav class="sections-nav" aria-label={title}>
        <header>
          <IconButton icon="back" label={t("nav.back")} onClick={() => go("/")} />
          <div><h2>{title}</h2>{note && <small>{note}</small>}</div>
        </header>
        {groups.map(([name, pages]) => (
          <section key={name}>
            {name && <h3>{name}</h3>}
            <ul>
              {pages.map((each) => <li key={each.id}>
                <PageLink base={base} page={each} isOpen={(page || first) === each.id} />
              </li>)}
            </ul>
          </section>
        ))}
      </nav>
      {children}
    </div>
  );
}

function PageLink({ base, page, isOpen }: { base: string; page: SectionPage; isOpen: boolean }) {
  return (
    <Link to={`${base}/${page.id}`} class="row page-link"
      aria-current={isOpen ? "page" : undefined}>
      <Icon name={page.icon} />
      <span class="row-name">{page.label}</span>
      {Boolean(page.count) && (
        <span class="count mention">
          <span aria-hidden="true">{formatNumber(page.count ?? 0)}</span>
          <span class="visually-hidden">{page.countLabel}</span>
        </span>
      )}
    </Link>
  );
}

/** A part of a page under a heading, in a frame. */
export function Panel({ title, hint, actions, children, kind = "" }: {
  title?: string;
  hint?: ComponentChildren;
  actions?: ComponentChildren;
  children?: ComponentChildren;
  kind?: string;
}) {
  return (
    <section class={`panel-box ${kind}`}>
      {(title || actions) && (
        <header>
          <div>
            {title && <h2>{title}</h2>}
            {hint && <p class="hint">{hint}</p>}
          </div>
          {actions && <div class="panel-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}
