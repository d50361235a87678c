import type { ComponentChildren } from "preact";
import { LANGUAGES, language, t, type Language } from "../i18n/index.js";
import { chooseLanguage } from "../state/settings.js";

/** The frame of the pages before somebody is signed in. */
export function Entrance({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="entrance" id="main">
      <div class="entrance-card">
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>{title}</h1>
        {children}
      </div>
      <footer class="entrance-foot">
        <span>{t("app.name")} · {t("app.tagline")}</span>
        <select aria-label="Language · 언어" value={language.value}
          onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}>
          {Object.entries(LANGUAGES)
            .map(([id, name]) => <option key={id} value={id}>{name}</option>)}
        </select>
      </footer>
    </main>
  );
}
