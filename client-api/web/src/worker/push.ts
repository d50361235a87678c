// What the node pushes: one notification for each channel, which the next one takes the place of.

/** The payload, as the client API describes it. */
interface Push {
  kind: "message" | "invite" | "contact" | "read";
  account: string;
  channel: string;
  name?: string;
  unread?: number;
  message?: string;
  sender?: string;
  sender_name?: string;
  text?: string;
}

const WORDS = {
  en: {
    contact: "{who} wants to be a contact", invite: "{who} invites you", message: "A new message",
    somebody: "Somebody",
  },
  ko: {
    contact: "{who} 님이 연락처 추가를 요청했습니다", invite: "{who} 님이 초대했습니다",
    message: "새 메시지", somebody: "누군가",
  },
};

/** One after the other: a browser may lose what is shown while it is asked for what it shows. */
let turn: Promise<unknown> = Promise.resolve();

export function takePush(worker: ServiceWorkerGlobalScope, event: PushEvent): void {
  const push = event.data?.json() as Push | undefined;
  if (!push?.channel) return;
  turn = turn.catch(() => undefined).then(() => show(worker, push));
  event.waitUntil(turn);
}

export function takePress(worker: ServiceWorkerGlobalScope, event: NotificationEvent): void {
  event.notification.close();
  const path = (event.notification.data as { path?: string } | null)?.path ?? "/";
  const open = async () => {
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find((each) => each.visibilityState === "visible") ?? pages[0];
    if (!page) return void (await worker.clients.openWindow(path));
    page.postMessage({ go: path });
    await page.focus();
  };
  event.waitUntil(open());
}

async function show(worker: ServiceWorkerGlobalScope, push: Push): Promise<void> {
  const { registration } = worker;
  if (push.kind === "read") {
    const shown = await registration.getNotifications({ tag: push.channel });
    return shown.forEach((each) => each.close());
  }
  const words = navigator.language.startsWith("ko") ? WORDS.ko : WORDS.en;
  const who = push.sender_name ?? push.sender ?? words.somebody;
  const title = push.name ? `${who} · ${push.name}` : who;
  const body = push.kind === "message" ? push.text ?? words.message
    : words[push.kind].replace("{who}", who);
  const path = push.kind === "message" && push.message
    ? `/c/${push.channel}/${push.message}` : `/c/${push.channel}`;
  await registration.showNotification(title, {
    body, tag: push.channel, icon: "/icon-192.png", badge: "/badge-96.png",
    data: { path: push.kind === "contact" ? "/" : path },
  });
}
