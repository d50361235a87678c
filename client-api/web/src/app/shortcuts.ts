// The keys that work everywhere.
import { useEffect } from "preact/hooks";
import { openDialog } from "../components/dialog.js";
import { directs, groups } from "../state/channels.js";
import { theme } from "../state/settings.js";
import { showShortcuts } from "../views/shortcuts-dialog.js";
import { showSwitcher } from "../views/switcher.js";
import { channelPath, go, panel, route, setQuery } from "./router.js";

export function useShortcuts(): void {
  useEffect(() => {
    addEventListener("keydown", take);
    return () => removeEventListener("keydown", take);
  }, []);
}

function take(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || openDialog.peek()) return;
  const done = withCommand(event) || withAlt(event) || alone(event);
  if (done) event.preventDefault();
}

function withCommand(event: KeyboardEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
  const key = event.key.toLowerCase();
  if (key === "k") showSwitcher();
  else if (key === "f" && event.shiftKey) go("/search");
  else if (key === "l" && event.shiftKey) {
    const isDark = document.documentElement.dataset["theme"] === "dark";
    theme.value = isDark ? "light" : "dark";
  } else return false;
  return true;
}

function withAlt(event: KeyboardEvent): boolean {
  if (!event.altKey || event.ctrlKey || event.metaKey) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return false;
  const all = [...groups.peek(), ...directs.peek()];
  const shown = event.shiftKey ? all.filter((each) => each.unread) : all;
  if (!shown.length) return true;
  const to = route.peek();
  const at = shown.findIndex((each) => to.at === "channel" && each.id === to.channel);
  const next = shown[at < 0 && step < 0 ? shown.length - 1 : (at + step) % shown.length]
    ?? shown.at(-1);
  if (next) go(channelPath(next.id));
  return true;
}

function alone(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Escape" && panel.peek()) {
    setQuery({ panel: null, thread: null });
    return true;
  }
  if (event.key !== "?" || isTyping(event.target)) return false;
  showShortcuts();
  return true;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
