// The frame of a page of the settings, and what is asked for on it.
import type { ComponentChildren } from "preact";
import { Button, Spinner } from "../../components/button.js";
import { Page } from "../../components/page.js";
import type { Resource } from "../../state/resource.js";
import { t } from "../../i18n/index.js";

export function SettingsFrame({ title, children }: {
  title: string; children: ComponentChildren;
}) {
  return (
    <Page title={title} back="/settings">
      <div class="sections-page narrow">{children}</div>
    </Page>
  );
}

/** What was asked for, or that it is on its way or failed. */
export function Loaded<T>({ of, children }: {
  of: Resource<T>; children: (data: T) => ComponentChildren;
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (!of.error) return <div class="loading-part"><Spinner /></div>;
  return (
    <div class="notice bad" role="alert">
      <span class="notice-text">{of.error}</span>
      <Button kind="quiet" onClick={() => void of.reload()}>{t("action.retry")}</Button>
    </div>
  );
}
