// What this is, and whose work is in it.
import { Button } from "../../components/button.js";
import { Panel } from "../../components/sections.js";
import { me } from "../../state/account.js";
import { useResource } from "../../state/resource.js";
import { ts } from "../../i18n/settings.js";
import { t } from "../../i18n/index.js";
import { showShortcuts } from "../shortcuts-dialog.js";
import { SettingsFrame } from "./frame.js";
import { LICENCES, MIT } from "./licences.js";

/** What the node tells of itself besides the API; a node that tells nothing shows nothing. */
async function versionOf(): Promise<string> {
  const response = await fetch("/v1/openapi.json");
  const document = await response.json() as { info?: { version?: string } };
  return document.info?.version ?? "";
}

export function AboutPage() {
  const version = useResource(versionOf);
  return (
    <SettingsFrame title={ts("nav.about")}>
      <Panel>
        <div class="about-head">
          <img src="/icon.svg" alt="" width="56" height="56" />
          <div>
            <h2>{t("app.name")}</h2>
            <p class="hint">{t("app.tagline")}</p>
          </div>
        </div>
        <dl class="facts">
          <div><dt>{ts("about.node")}</dt><dd>{me().domain}</dd></div>
          {version.data && <div><dt>{ts("about.api")}</dt><dd>{version.data}</dd></div>}
          <div><dt>{ts("about.device")}</dt><dd><code>{me().device}</code></dd></div>
        </dl>
      </Panel>
      <Panel title={t("shortcuts.help")} hint={ts("about.keys")} actions={
        <Button onClick={showShortcuts}>{ts("about.showKeys")}</Button>
      } />
      <Panel title={ts("about.licences")} hint={ts("about.licencesHint")}>
        <p>{ts("about.own")}</p>
        <details>
          <summary>{ts("about.others")}</summary>
          <ul class="licences">
            {LICENCES.map(({ names, copyright }) => (
              <li key={copyright}>
                <strong>{names.join(", ")}</strong><small>{copyright}</small>
              </li>
            ))}
          </ul>
          <pre class="licence-text" tabIndex={0} lang="en">{MIT}</pre>
        </details>
      </Panel>
    </SettingsFrame>
  );
}
