// The strings of the chat itself.
import { catalogue } from "./catalog.js";
import { en } from "./en.js";

export { LANGUAGES, language, locale, preferredLanguage, setLanguage } from "./catalog.js";
export type { Language } from "./catalog.js";

export const { t, tn, ready } = catalogue(en, { ko: () => import("./ko.js") });
export type Key = Parameters<typeof t>[0];
