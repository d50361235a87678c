// Something that is asked of the node and shown, and asked again while somebody looks.
import { useEffect, useRef, useState } from "preact/hooks";
import { ComityError } from "comity-sdk";
import { messageOf } from "./toasts.js";

export interface Resource<T> {
  /** The newest answer. */
  data: T | undefined;
  /** Why the last request failed; what was answered before still stands. */
  error: string | undefined;
  /** Whether this node has no such resource. */
  isMissing: boolean;
  isLoading: boolean;
  /** Asks anew; resolves when the answer is there. */
  reload: () => Promise<void>;
}

/** Asks when first drawn and when `keys` change, and every so often while the page is visible. */
export function useResource<T>(
  ask: () => Promise<T>, { everyMs = 0, keys = [] as unknown[] } = {},
): Resource<T> {
  const [state, set] = useState<Omit<Resource<T>, "reload">>({
    data: undefined, error: undefined, isMissing: false, isLoading: true,
  });
  const current = useRef({ ask, turn: 0 });
  current.current.ask = ask;
  const reload = async () => {
    const turn = ++current.current.turn;
    const next = await answer(current.current.ask);
    // A later request was made meanwhile: its answer counts.
    if (turn === current.current.turn) set((before) => ({ ...before, ...next }));
  };
  useEffect(() => {
    set((before) => ({ ...before, isLoading: true }));
    void reload();
    return () => void current.current.turn++;
  }, keys);
  useEffect(() => {
    if (!everyMs) return;
    const look = () => void (document.visibilityState === "visible" && reload());
    const timer = setInterval(look, everyMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [everyMs, ...keys]);
  return { ...state, reload };
}

async function answer<T>(ask: () => Promise<T>): Promise<Partial<Omit<Resource<T>, "reload">>> {
  try {
    return { data: await ask(), error: undefined, isMissing: false, isLoading: false };
  } catch (error) {
    const isMissing = error instanceof ComityError && error.status === 404;
    return { error: messageOf(error), isMissing, isLoading: false };
  }
}
