// What this browser keeps of its user's taste, across log-outs.
import { effect, signal } from "@preact/signals";
import { preferredLanguage, setLanguage, LANGUAGES, type Language } from "../i18n/index.js";

export type Theme = "system" | "light" | "dark";

/** Reads a small value of this browser; storage may be forbidden. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`comity:${key}`);
  } catch {
    return null;
  }
}

/** Keeps a small value of this browser, or takes it away. */
export function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`comity:${key}`);
    else localStorage.setItem(`comity:${key}`, value);
  } catch {
    // Full or forbidden: it counts until the page is closed.
  }
}

/** Takes away all small values whose names begin so. */
export function forgetAll(prefix: string): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(`comity:${prefix}`)) localStorage.removeItem(key);
    }
  } catch {
    // Nothing is kept where storage is forbidden.
  }
}

export const theme = signal<Theme>((recall("theme") as Theme | null) ?? "system");

/** Whether Enter sends and Shift+Enter makes a line, or Ctrl+Enter sends. */
export const enterSends = signal(recall("enter") !== "line");

const dark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(dark.matches);
dark.addEventListener("change", () => (systemDark.value = dark.matches));

/** Begins to follow the settings; resolves when the language is there. */
export async function startSettings(): Promise<void> {
  effect(() => {
    const isDark = theme.value === "dark" || (theme.value === "system" && systemDark.value);
    document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
    keep("theme", theme.value === "system" ? null : theme.value);
  });
  effect(() => keep("enter", enterSends.value ? null : "line"));
  const kept = recall("language") as Language | null;
  await setLanguage(kept && kept in LANGUAGES ? kept : preferredLanguage());
}

/** Shows another language from now on. */
export async function chooseLanguage(to: Language): Promise<void> {
  await setLanguage(to);
  keep("language", to);
}
