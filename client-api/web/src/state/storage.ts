// Whether this browser has room for what the client keeps.
import { effect, signal } from "@preact/signals";
import { isStoreFull, type Store } from "comity-sdk";

/** What has failed is written again at once without the history that was kept: only then it is. */
const PATIENCE_MS = 1_000;
const LOOK_EVERY_MS = 5_000;
const PROBE = "app/room";

const isRefused = signal(false);

/** Whether nothing more can be kept here. */
export const isStorageFull = signal(false);

effect(() => {
  if (!isRefused.value) return void (isStorageFull.value = false);
  const timer = setTimeout(() => (isStorageFull.value = true), PATIENCE_MS);
  return () => clearTimeout(timer);
});

/** Notes of what was thrown whether there was no room. */
export function noteRoom(error: unknown): void {
  if (isStoreFull(error)) isRefused.value = true;
}

/** The same store, of which it is noted whether it has room. */
export function watched(store: Store): Store {
  const write: Store["write"] = async (changes) => {
    try {
      await store.write(changes);
      // To take something away there is always room.
      if (changes.some(({ value }) => value !== undefined)) isRefused.value = false;
    } catch (error) {
      noteRoom(error);
      throw error;
    }
  };
  // Nobody may write for long: whether there is room again is tried.
  const end = effect(() => {
    if (!isStorageFull.value) return;
    const probe = () => void write([{ key: PROBE, value: Date.now() }]).catch(() => undefined);
    const timer = setInterval(probe, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  });
  return {
    get: (key) => store.get(key),
    range: (range) => store.range(range),
    write,
    close() {
      end();
      return store.close();
    },
  };
}
