// The service worker. It keeps the files of one version of the client and serves them first, so
// that the client opens without a connection; the API it leaves alone. It shows what is pushed.
import { takePush, takePress } from "./push.js";

declare const ASSETS: string[];
declare const VERSION: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const NAME = `comity-${VERSION}`;

worker.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(ASSETS.map((path) => new Request(path, { cache: "no-cache" })));
    await worker.skipWaiting();
  };
  event.waitUntil(keep());
});

worker.addEventListener("activate", (event) => {
  const clean = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith("comity-") && name !== NAME);
    // A page of the version before may still ask for its chunks: one version is left to it.
    await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clean());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (/^\/(v1|\.well-known)(\/|$)/.test(url.pathname)) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const wanted = request.mode === "navigate" ? "/" : request;
  const kept = await cache.match(wanted) ?? await caches.match(wanted);
  return kept ?? fetch(request);
}

worker.addEventListener("push", (event) => takePush(worker, event));
worker.addEventListener("notificationclick", (event) => takePress(worker, event));
