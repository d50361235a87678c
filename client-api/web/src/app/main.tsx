// The beginning: settings, then who is signed in, then the page.
import { render } from "preact";
import { askDomain, signedIn, startAccount } from "../state/account.js";
import "../state/channels.js";
import "../state/clock.js";
import "../state/density.js";
import "../state/people.js";
import "../state/presence.js";
import "../state/push.js";
import { startSettings } from "../state/settings.js";
import "../styles/main.css";
import { startWorker } from "../state/worker.js";
import { App } from "./app.js";

async function start(): Promise<void> {
  await Promise.all([startSettings(), startAccount()]);
  const root = document.getElementById("app");
  if (root) render(<App />, root);
  if (!signedIn.peek()) await askDomain().catch(() => undefined);
  startWorker();
}

void start();
