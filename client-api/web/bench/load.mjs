// The first load, and a load without the node.
import { end, opened } from "./place.mjs";
import { median } from "./rows.mjs";
import { fromLoad, fromLoadOfFew, watch } from "./seen.mjs";

export const NAMES = [
  "web.first_load_kb", "web.interactive_ms", "web.second_load_ms",
  "web.second_load_here_ms",
];

const ROUNDS = 5;
/** A phone on a slow connection. */
const NETWORK = {
  offline: false, latency: 150,
  downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8,
};
const CPU_SLOWER = 4;

export async function measure(place, rows) {
  const found = [];
  if (rows.wants(NAMES[0])) found.push(await firstLoad(place));
  if (rows.wants(NAMES[1])) found.push(await interactive(place));
  if (NAMES.slice(2).some((name) => rows.wants(name))) found.push(...await secondLoad(place));
  return found;
}

/** A browser that was never here, and its session of the protocol for developers. */
async function stranger({ world }) {
  const page = await (await world.browser.newContext({ locale: "en-GB" })).newPage();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  return { page, cdp };
}

const FORM = { selector: "form input", text: "" };

/**
 * Straight from the node, which compresses: all that passes, heads of answers included, until the
 * page can be signed in at.
 */
async function firstLoad(place) {
  const { page, cdp } = await stranger(place);
  let bytes = 0;
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(place.node.url, { waitUntil: "networkidle" });
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.context().close();
  return { name: NAMES[0], value: bytes / 1024, unit: "KB" };
}

/** From the address to a form that takes a key; the floor is without a slow network and CPU. */
async function interactive(place) {
  const found = { slow: [], plain: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    found.plain.push(await untilForm(place, async () => {}));
    found.slow.push(await untilForm(place, async (cdp) => {
      await cdp.send("Network.emulateNetworkConditions", NETWORK);
      await cdp.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWER });
    }));
  }
  return {
    name: NAMES[1], value: median(found.slow), unit: "ms", floor: median(found.plain),
  };
}

async function untilForm(place, slowDown) {
  const { page, cdp } = await stranger(place);
  await slowDown(cdp);
  await page.addInitScript(watch, FORM);
  await page.goto(place.node.url, { waitUntil: "commit" });
  const took = await page.evaluate(() => window.seen);
  await page.locator(FORM.selector).first().pressSequentially("a");
  if (await page.locator(FORM.selector).first().inputValue() !== "a") {
    throw new Error("The form took no key.");
  }
  await page.context().close();
  return took;
}

/**
 * Nothing answers: all comes from the service worker and from what the browser keeps; in a new tab,
 * and in the one that shows the channel. The floor is a page of few words in a new tab, while the
 * node is there.
 */
async function secondLoad(place) {
  const page = await opened(place, "long");
  const context = page.context();
  const few = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    few.push(await fromLoadOfFew(context, place.site));
  }
  await place.site.close();
  const [here, anew] = [[], []];
  await page.addInitScript(watch, end("long"));
  for (let round = 0; round < ROUNDS; round += 1) {
    await page.reload({ waitUntil: "commit" });
    here.push(await page.evaluate(() => window.seen));
  }
  const url = page.url();
  await page.close();
  for (let round = 0; round < ROUNDS; round += 1) {
    anew.push(await fromLoad(context, url, end("long")));
  }
  await context.close();
  await place.site.reopen();
  return [
    { name: NAMES[2], value: median(anew), unit: "ms", floor: median(few) },
    { name: NAMES[3], value: median(here), unit: "ms" },
  ];
}
