// Parts of the client that are loaded when they are first shown.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Spinner } from "../components/button.js";
import { messageOf } from "../state/toasts.js";

/** A component that is loaded from a chunk of its own. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [error, fail] = useState<string>();
    const [, draw] = useState(0);
    useEffect(() => {
      if (loaded) return;
      load().then((found) => {
        loaded = found;
        draw(1);
      }, (reason) => fail(messageOf(reason)));
    }, []);
    const Loaded = loaded;
    if (Loaded) return <Loaded {...props} />;
    return <div class="loading-page">{error ?? <Spinner />}</div>;
  };
}
