// What all pages of the console share: the frame of a page, and what is asked for all of them.
import { createContext, type ComponentChildren } from "preact";
import { useContext } from "preact/hooks";
import { Button, Spinner } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { Page } from "../../components/page.js";
import { Panel } from "../../components/sections.js";
import type { Resource } from "../../state/resource.js";
import { attempt, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ta } from "../../i18n/admin.js";
import type { Policy, Setting, Status } from "./types.js";

export interface Shared {
  status: Resource<Status>;
  policy: Resource<Policy>;
  settings: Resource<Setting[]>;
}

export const SharedContext = createContext<Shared>(null as unknown as Shared);

export function useShared(): Shared {
  return useContext(SharedContext);
}

/** A page of the console. */
export function AdminFrame({ title, intro, actions, back, children }: {
  title: string;
  intro?: ComponentChildren;
  actions?: ComponentChildren;
  back?: string;
  children: ComponentChildren;
}) {
  return (
    <Page title={title} actions={actions} back={back ?? "/admin"}>
      <div class="sections-page">
        {intro && <p class="page-intro">{intro}</p>}
        {children}
      </div>
    </Page>
  );
}

/** What was asked for, or that it is on its way, failed, or is not there at this node. */
export function Loaded<T>({ of, children }: {
  of: Resource<T>; children: (data: T) => ComponentChildren;
}) {
  if (of.isMissing) return <Nothing>{ta("missing")}</Nothing>;
  if (of.data !== undefined) {
    return <>{of.error && <Trouble of={of} />}{children(of.data)}</>;
  }
  if (of.error) return <Trouble of={of} />;
  return <div class="loading-part"><Spinner /><span class="visually-hidden">
    {ta("loading")}</span></div>;
}

function Trouble<T>({ of }: { of: Resource<T> }) {
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" size={16} />
      <span class="notice-text">{of.error}</span>
      <Button kind="quiet" onClick={() => void of.reload()}>{t("action.retry")}</Button>
    </div>
  );
}

/** What stands where a list is empty. */
export function Nothing({ children }: { children: ComponentChildren }) {
  return <p class="nothing-here">{children}</p>;
}

/** Something that the admin should know before all else. */
export function Warning({ kind = "warn", children, action }: {
  kind?: "warn" | "bad" | "info"; children: ComponentChildren; action?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`}>
      <Icon name={kind === "info" ? "info" : "warning"} size={16} />
      <div class="notice-text">{children}</div>
      {action}
    </div>
  );
}

/** A word in a frame, by its kind in a colour. */
export function Tag({ kind = "", children, title }: {
  kind?: "" | "good" | "warn" | "bad" | "accent"; children: ComponentChildren; title?: string;
}) {
  return <span class={`tag ${kind}`} title={title}>{children}</span>;
}

/** Pairs of a name and what it says. */
export function Facts({ of }: { of: (readonly [string, ComponentChildren] | null)[] }) {
  return (
    <dl class="facts">
      {of.map((each) => each && (
        <div key={each[0]}><dt>{each[0]}</dt><dd>{each[1]}</dd></div>
      ))}
    </dl>
  );
}

/** Does it, says so, and asks anew for what has changed by it; whether it went well. */
export async function act(
  work: () => Promise<unknown>, done: string, ...changed: Resource<unknown>[]
): Promise<boolean> {
  const went = await attempt(work);
  if (went && done) toast(done);
  await Promise.all(changed.map((each) => each.reload()));
  return went;
}

export { Panel };
