// The push subscription of this browser. What it shows of a message is kept here, as the node asks
// for it with each subscription.
import { whileSignedIn, me } from "./account.js";
import { keep, recall } from "./settings.js";

const CONTENT = "push-content";

const container = () => navigator.serviceWorker as ServiceWorkerContainer | undefined;

export function pushPermission(): NotificationPermission | "unsupported" {
  const isThere = container() && "PushManager" in globalThis && "Notification" in globalThis;
  return isThere ? Notification.permission : "unsupported";
}

/** Whether texts and names go along, sealed for this browser. */
export function showsPushContent(): boolean {
  return recall(CONTENT) !== "no";
}

/** What this browser has subscribed, if anything. */
export async function pushSubscription(): Promise<PushSubscription | null> {
  if (pushPermission() === "unsupported") return null;
  const registration = await container()?.getRegistration();
  return await registration?.pushManager.getSubscription() ?? null;
}

/** Asks the user and subscribes. */
export async function subscribePush(): Promise<void> {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") throw new Error(`Notifications: ${permission}`);
  const registration = await container()?.ready;
  if (!registration) return;
  const { vapid_key } = await me().client.api.notifications.push();
  const before = await registration.pushManager.getSubscription();
  // The browser refuses another key while a subscription under the former one is there.
  if (before && !isUnder(before, vapid_key)) await before.unsubscribe();
  const made = await registration.pushManager.subscribe({
    userVisibleOnly: true, applicationServerKey: bytesOf(vapid_key),
  });
  await tell(made);
}

export async function unsubscribePush(): Promise<void> {
  await me().client.api.notifications.unsubscribe();
  await (await pushSubscription())?.unsubscribe();
}

export async function setPushContent(on: boolean): Promise<void> {
  keep(CONTENT, on ? null : "no");
  const made = await pushSubscription();
  if (made) await tell(made);
}

async function tell(made: PushSubscription): Promise<void> {
  const { endpoint, keys } = made.toJSON();
  const { p256dh = "", auth = "" } = keys ?? {};
  await me().client.api.notifications.subscribe({
    endpoint: endpoint ?? "", keys: { p256dh, auth }, content: showsPushContent(),
  });
}

function isUnder(made: PushSubscription, key: string): boolean {
  const held = made.options.applicationServerKey;
  if (!held) return false;
  const wanted = bytesOf(key);
  return new Uint8Array(held).every((byte, at) => byte === wanted[at]);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
}

// A browser may have changed its subscription while no page was open: it is told at each start.
whileSignedIn((signed) => {
  const renew = async () => {
    if (pushPermission() !== "granted") return;
    const made = await pushSubscription();
    const { subscription } = await signed.client.api.notifications.push();
    // What was switched off stays off; what another log-in of this browser had is no longer known.
    if (made && subscription) await tell(made);
  };
  const end = signed.session.on("state", ({ status }) => {
    if (status === "online") void renew().catch(() => undefined);
  });
  return end;
});
