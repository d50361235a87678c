// Catalogues of strings: English is in the bundle, other languages are loaded when they are used.
// A new language is one file for each catalogue, and a line in `LANGUAGES`.
import { computed, signal } from "@preact/signals";

export const LANGUAGES = { en: "English", ko: "한국어" } as const;
export type Language = keyof typeof LANGUAGES;

type Strings = Record<string, string>;
type Values = Record<string, string | number>;
type Loader = () => Promise<{ default: Strings }>;

/** The language that is shown; change it by {@link setLanguage}. */
export const language = signal<Language>("en");

/** Numbers, dates and plurals follow the browser's own region where the language is the same. */
export const locale = computed(() => {
  const regional = navigator.languages.find((each) => each.split("-")[0] === language.value);
  return regional ?? language.value;
});

const plurals = computed(() => new Intl.PluralRules(locale.value));
const catalogues: ((to: Language) => Promise<void>)[] = [];

/** The language that the browser asks for, of those there are. */
export function preferredLanguage(): Language {
  for (const each of navigator.languages) {
    const base = each.split("-")[0] as Language;
    if (base in LANGUAGES) return base;
  }
  return "en";
}

/** Shows another language once its strings are there. */
export async function setLanguage(to: Language): Promise<void> {
  await Promise.all(catalogues.map((load) => load(to)));
  language.value = to;
  document.documentElement.lang = to;
}

/**
 * A catalogue: `t` fills a string's `{places}`; `tn` takes `key.one`, `key.other` and so on by the
 * number, which fills `{count}`; `ready` resolves when the language that is shown is loaded.
 */
export function catalogue<S extends Strings>(
  english: S, others: Record<Exclude<Language, "en">, Loader>,
) {
  const loaded = signal<Partial<Record<Language, Strings>>>({ en: english });
  const load = async (to: Language) => {
    if (to === "en" || loaded.peek()[to]) return;
    const strings = (await others[to]()).default;
    loaded.value = { ...loaded.peek(), [to]: strings };
  };
  catalogues.push(load);
  const find = (key: string) => loaded.value[language.value]?.[key] ?? english[key];
  const t = (key: keyof S & string, values: Values = {}) => fill(find(key) ?? key, values);
  const tn = (key: Plural<S>, count: number, values: Values = {}) => {
    const text = find(`${key}.${plurals.value.select(count)}`) ?? find(`${key}.other`) ?? key;
    return fill(text, { count: new Intl.NumberFormat(locale.value).format(count), ...values });
  };
  return { t, tn, ready: () => load(language.peek()) };
}

/** What stands before `.other`. */
type Plural<S> = { [K in keyof S]: K extends `${infer P}.other` ? P : never }[keyof S];

/** The strings of another language: all keys of the English ones, plurals as it needs them. */
export type Translation<S extends Strings> =
  { [K in keyof S as K extends `${string}.one` ? never : K]: string };

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
