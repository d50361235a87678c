import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { nodeNow } from "../state/clock.js";
import { formatFull, formatRelative } from "../text/format.js";

const EVERY_MS = 10_000;

const now = signal(0);
let shown = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** How long ago something was, or in how long it is; the exact time is its title. */
export function Ago({ at }: { at: number | string }) {
  useEffect(() => {
    if (!shown++) timer = setInterval(() => (now.value = nodeNow()), EVERY_MS);
    return () => {
      if (!--shown) clearInterval(timer);
    };
  }, []);
  const exact = new Date(at).toISOString();
  // Read while drawing: all of them move on together.
  const relative = formatRelative(at, Math.max(now.value, nodeNow()));
  return <time dateTime={exact} title={formatFull(exact)}>{relative}</time>;
}
