// Whether what is shown may be old. A connection that is only being made is not told at once.
import { effect, signal } from "@preact/signals";
import { connection, signedIn } from "./account.js";

const PATIENCE_MS = 1_500;

export const isStale = signal(false);

let waiting: ReturnType<typeof setTimeout> | undefined;

effect(() => {
  const { status } = connection.value;
  clearTimeout(waiting);
  if (status === "online" || !signedIn.value) isStale.value = false;
  else waiting = setTimeout(() => (isStale.value = true), PATIENCE_MS);
});
