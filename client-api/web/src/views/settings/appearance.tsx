// How the client looks in this browser.
import { Choice } from "../../components/choice.js";
import { SelectField, Toggle } from "../../components/field.js";
import { Panel } from "../../components/sections.js";
import { density } from "../../state/density.js";
import { chooseLanguage, enterSends, theme } from "../../state/settings.js";
import { attempt } from "../../state/toasts.js";
import { LANGUAGES, language, type Language } from "../../i18n/index.js";
import { ts } from "../../i18n/settings.js";
import { COMMAND_KEY } from "../../app/keys.js";
import { SettingsFrame } from "./frame.js";

const THEMES = ["system", "light", "dark"] as const;

export function AppearancePage() {
  return (
    <SettingsFrame title={ts("nav.appearance")}>
      <Panel title={ts("theme.title")}>
        <div class="theme-list" role="radiogroup" aria-label={ts("theme.title")}>
          {THEMES.map((each) => (
            <label key={each}>
              <input type="radio" name="theme" checked={theme.value === each}
                onChange={() => (theme.value = each)} />
              <span class={`theme-sample ${each}`} aria-hidden="true"><i /><i /><i /></span>
              <span>{ts(`theme.${each}`)}</span>
            </label>
          ))}
        </div>
      </Panel>
      <Panel>
        <SelectField label={ts("language.title")} value={language.value}
          options={Object.entries(LANGUAGES) as [Language, string][]}
          onChange={(to) => void attempt(() => chooseLanguage(to))} />
      </Panel>
      <Panel title={ts("density.title")} hint={ts("density.hint")}>
        <div><Choice label={ts("density.title")} value={density.value}
          onChange={(to) => (density.value = to)} options={[
            ["comfortable", ts("density.comfortable")], ["compact", ts("density.compact")],
          ]} /></div>
      </Panel>
      <Panel title={ts("writing.title")}>
        <Toggle label={ts("writing.enter")} checked={enterSends.value}
          hint={ts("writing.enterHint", { key: COMMAND_KEY })}
          onChange={(on) => (enterSends.value = on)} />
      </Panel>
    </SettingsFrame>
  );
}
