// How long it takes to open a channel of 100,000 messages that this device has never shown.
import { end, fresh } from "./place.mjs";
import { median } from "./rows.mjs";
import { fromClick, fromLoad, fromLoadOfFew, watch } from "./seen.mjs";

const ROUNDS = 5;

export const NAMES = ["web.open100k_ms", "web.open100k_link_ms", "web.open100k_link_here_ms"];

/** The floors are the same click for a channel of a hundred messages, and a page of few words. */
export async function measure(place) {
  const found = { click: [], clickOfShort: [], link: [], few: [], here: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    found.click.push(await clicked(place, "long"));
    found.clickOfShort.push(await clicked(place, "short"));
    const { link, few } = await linked(place);
    found.link.push(link);
    found.few.push(few);
    found.here.push(await linkedHere(place));
  }
  const row = (at, value, floor) =>
    ({ name: NAMES[at], unit: "ms", value: median(value), floor: median(floor) });
  return [
    row(0, found.click, found.clickOfShort), row(1, found.link, found.few),
    row(2, found.here, found.few),
  ];
}

async function clicked(place, name) {
  const page = await fresh(place);
  const link = page.locator(".sidebar").getByRole("link", { name });
  const took = await fromClick(page, link, end(name));
  await page.context().close();
  return took;
}

const addressOf = ({ site, channels }) => `${site.url}/c/${channels.long}`;

/** By its address in a new tab. */
async function linked(place) {
  const page = await fresh(place);
  const context = page.context();
  await page.close();
  const few = await fromLoadOfFew(context, place.site);
  const link = await fromLoad(context, addressOf(place), end("long"));
  await context.close();
  return { link, few };
}

/** By its address in the tab that has the client open. */
async function linkedHere(place) {
  const page = await fresh(place);
  await page.addInitScript(watch, end("long"));
  await page.goto(addressOf(place), { waitUntil: "commit" });
  const took = await page.evaluate(() => window.seen);
  await page.context().close();
  return took;
}
