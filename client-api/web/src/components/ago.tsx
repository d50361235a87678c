import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatFull, formatRelative } from "../text/format.js";

const EVERY_MS = 10_000;

const now = signal(Date.now());
let shown = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** How long ago something was, or in how long it is; the exact time is its title. */
export function Ago({ at }: { at: number | string }) {
  useEffect(() => {
    if (!shown++) timer = setInterval(() => (now.value = Date.now()), EVERY_MS);
    return () => {
      if (!--shown) clearInterval(timer);
    };
  }, []);
  const exact = new Date(at).toISOString();
  // Read while drawing: all of them move on together.
  const relative = formatRelative(at, Math.max(now.value, Date.now()));
  return <time dateTime={exact} title={formatFull(exact)}>{relative}</time>;
}
