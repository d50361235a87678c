// The service worker: it keeps the client for when there is no connection, and shows notifications.
import { go } from "../app/router.js";

/** Registers it, and goes where a notification that was pressed leads. */
export function startWorker(): void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return;
  container.addEventListener("message", ({ data }: MessageEvent<{ go?: string }>) => {
    if (typeof data.go === "string" && data.go.startsWith("/")) go(data.go);
  });
  void container.register("/sw.js").catch(() => undefined);
}
