// Two federated organisations on loopback, each with the client before its node, and a browser.
// COMITY_BINARY names the program, CHROMIUM the browser where it is not Debian's; FIREFOX takes its
// place where it names one. With COMITY_WEB=dist the pages are those of dist/ here, and not those
// that the program has in it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "playwright-core";
import { serve } from "../scripts/serve.mjs";

const OUT = fileURLToPath(new URL("../target/shots/", import.meta.url));
const WHOLE = process.env.COMITY_WEB !== "dist";
/** Longer than anything takes, also on a busy machine. */
export const PATIENCE_MS = 15_000;

/**
 * What Firefox says on its console, where all of it counts as thrown: of a server that is gone, and
 * of the style by which a picture is taken, which the page's policy forbids.
 */
const SAID = /^Firefox can’t establish|was interrupted while the page|blocked an inline style/;

/** The world of one file of tests. */
export class World {
  /**
   * Starts `comity demo`: `acme.test` with alice and carol, `globex.test` with bob.
   * More can be told to it, as `--data-dir`.
   */
  static async start(...more) {
    const binary = process.env.COMITY_BINARY;
    if (!binary) throw new Error("COMITY_BINARY must name a comity binary.");
    const world = new World();
    world.child = spawn(binary, ["demo", ...more], { stdio: ["ignore", "pipe", "inherit"] });
    const nodes = {};
    for await (const line of createInterface({ input: world.child.stdout })) {
      const [, domain, address] = /^\s+(\S+\.test)\s+clients (\S+),/.exec(line) ?? [];
      if (domain) nodes[domain] = `http://${address}`;
      if (line.includes("Ctrl-C ends the demo")) break;
    }
    world.child.stdout.resume();
    world.browser = await launch();
    world.acme = await Site.open(nodes["acme.test"]);
    world.globex = await Site.open(nodes["globex.test"]);
    return world;
  }

  /** No nodes but those that the test starts. */
  static async browserOnly() {
    const world = new World();
    world.browser = await launch();
    return world;
  }

  async end() {
    await this.browser?.close();
    await Promise.all([this.acme?.close(), this.globex?.close()]);
    if (!this.child) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGINT");
    await ended;
  }

  /**
   * A browser of its own at a site. What it says on its console is an error of the client.
   * `clockAheadMs` is by how much its clock is ahead; functions of `first` run in the page before
   * anything of it.
   */
  async page(site, { clockAheadMs = 0, first = [], ...options } = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options,
    });
    if (clockAheadMs) await context.addInitScript(shiftClock, clockAheadMs);
    for (const script of first) await context.addInitScript(script);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    keepFailures(page);
    await page.goto(site.url);
    return page;
  }
}

/** Runs in the page, before anything of it. */
function shiftClock(aheadMs) {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...parts) {
      super(...(parts.length ? parts : [Real.now() + aheadMs]));
    }

    static now() {
      return Real.now() + aheadMs;
    }
  };
}

function launch() {
  const other = process.env.FIREFOX;
  if (other) return firefox.launch({ channel: "moz-firefox", executablePath: other });
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** The client before one node; it can be gone for a while. */
export class Site {
  static async open(node) {
    const site = new Site();
    site.node = node;
    site.server = await serve(node, 0, WHOLE);
    site.url = site.server.url;
    return site;
  }

  /** Nothing answers any more, and what was connected is cut off. */
  async close() {
    await this.server?.close();
    this.server = undefined;
  }

  /** What is sent arrives, and no answer comes back. */
  mute() {
    this.server.mute();
  }

  async reopen() {
    this.server = await serve(this.node, Number(new URL(this.url).port), WHOLE);
  }

  /** A request of the API, past the browser. */
  async ask(method, path, body, token) {
    const headers = { "content-type": "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    const init = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(this.node + path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
}

/** Keeps what is thrown in a page, beside what was before. */
export function keepFailures(page, failures = []) {
  page.failures = failures;
  page.on("pageerror", (error) => {
    if (!SAID.test(error.message)) failures.push(String(error.stack));
  });
}

/** Signs one of the demo's people in. */
export async function signIn(page, name, password = `${name}-tries-comity`) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Opens the direct channel with somebody by the list. */
export async function openDirect(page, name) {
  await page.locator(".sidebar").getByRole("link", { name }).click();
  await page.locator(".message").first().waitFor();
}

export async function say(page, text) {
  await page.locator(".conversation-main .composer textarea").fill(text);
  await page.keyboard.press("Enter");
}

/** A message with this text, wherever it stands. */
export function message(page, text) {
  return page.locator(".conversation-main .message", { hasText: text });
}

/** Keeps what is shown, to be looked at. */
export async function shoot(page, name) {
  mkdirSync(OUT, { recursive: true });
  await page.screenshot({ path: `${OUT}${name}.png` });
}

/** Runs in the page until its store has a message, and the list in which its channel stands. */
export async function untilKept([text, patience]) {
  const done = (request) => new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const names = (await indexedDB.databases()).map(({ name }) => name);
  const database = await done(indexedDB.open(names.find((name) => name !== "comity:app")));
  const end = performance.now() + patience;
  let isKept = false;
  while (!isKept && performance.now() < end) {
    await new Promise(requestAnimationFrame);
    const table = database.transaction("values").objectStore("values");
    const asked = [table.getAll(), table.get("app/channels")];
    const [values, list] = await Promise.all(asked.map(done));
    isKept = Boolean(list) && values.some((value) => value?.event?.text === text);
  }
  database.close();
  return isKept;
}
