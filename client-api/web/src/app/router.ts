// Which page is shown, by the History API. Panels beside a page stand in the query.
import { computed, signal } from "@preact/signals";

export type Panel = "members" | "pins" | "settings" | "thread";

export type Route =
  | { at: "home" }
  | { at: "signIn" }
  | { at: "signUp" }
  | { at: "invite"; token: string }
  | { at: "channel"; channel: string; message: string | undefined }
  | { at: "search" }
  | { at: "mentions" }
  | { at: "groups" }
  | { at: "contacts" }
  | { at: "settings"; page: string }
  | { at: "admin"; page: string };

const place = signal(new URL(location.href));

/** The page that is shown. */
export const route = computed<Route>(() => parse(place.value.pathname));
/** What stands in the query: panels, search words, filters. */
export const query = computed(() => place.value.searchParams);
/** The panel beside the conversation. */
export const panel = computed(() => query.value.get("panel") as Panel | null);

addEventListener("popstate", () => {
  place.value = new URL(location.href);
});

/** Goes to a page of the client; `replace` leaves no step back. */
export function go(to: string, { replace = false } = {}): void {
  const next = new URL(to, location.href);
  if (next.href === location.href) return;
  if (replace) history.replaceState(null, "", next);
  else history.pushState(null, "", next);
  place.value = next;
}

/** Changes the query and stays on the page; `null` takes a name out. */
export function setQuery(change: Record<string, string | null>, { replace = true } = {}): void {
  const next = new URL(location.href);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === "") next.searchParams.delete(name);
    else next.searchParams.set(name, value);
  }
  go(next.href, { replace });
}

/** The address of a channel, or of a message in it. */
export function channelPath(channel: string, message?: string): string {
  return message ? `/c/${channel}/${message}` : `/c/${channel}`;
}

/** Where a link leads within the client; `undefined` where it leads elsewhere. */
export function insidePath(href: string): string | undefined {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin || !/^\/(c|settings|admin|search)\b/.test(url.pathname)) {
    return undefined;
  }
  return url.pathname + url.search;
}

function parse(path: string): Route {
  const [first, second, third] = path.split("/").filter(Boolean).map(decode);
  switch (first) {
    case "sign-in":
      return { at: "signIn" };
    case "sign-up":
      return { at: "signUp" };
    case "invite":
      return second ? { at: "invite", token: second } : { at: "signUp" };
    case "c":
      return second ? { at: "channel", channel: second, message: third } : { at: "home" };
    case "search":
    case "mentions":
    case "groups":
    case "contacts":
      return { at: first };
    case "settings":
    case "admin":
      return { at: first, page: second ?? "" };
    default:
      return { at: "home" };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
