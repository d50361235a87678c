// The node's time: what events bear is compared with it, not with this device's clock.
import { signal } from "@preact/signals";
import { whileSignedIn } from "./account.js";

/** By how much the node's clock is ahead of this device's, in milliseconds; 0 for little. */
export const clockAhead = signal(0);

/** What time it is at the node, like `Date.now()`. */
export function nodeNow(): number {
  return Date.now() + clockAhead.value;
}

whileSignedIn(({ client }) => {
  clockAhead.value = client.clockAheadMs;
  const end = client.onClock((ahead) => (clockAhead.value = ahead));
  return () => {
    end();
    clockAhead.value = 0;
  };
});
