// How long it takes to open a channel of 100,000 messages that this device has never shown.
import { end, fresh } from "./place.mjs";
import { median } from "./rows.mjs";
import { fromClick, fromLoad, fromLoadOfFew } from "./seen.mjs";

const ROUNDS = 5;

export const NAMES = ["web.open100k_ms", "web.open100k_link_ms"];

/** The floors are the same click for a channel of a hundred messages, and a page of few words. */
export async function measure(place) {
  const found = { click: [], clickOfShort: [], link: [], few: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    found.click.push(await clicked(place, "long"));
    found.clickOfShort.push(await clicked(place, "short"));
    const { link, few } = await linked(place);
    found.link.push(link);
    found.few.push(few);
  }
  const row = (at, value, floor) =>
    ({ name: NAMES[at], unit: "ms", value: median(value), floor: median(floor) });
  return [row(0, found.click, found.clickOfShort), row(1, found.link, found.few)];
}

async function clicked(place, name) {
  const page = await fresh(place);
  const link = page.locator(".sidebar").getByRole("link", { name });
  const took = await fromClick(page, link, end(name));
  await page.context().close();
  return took;
}

async function linked(place) {
  const page = await fresh(place);
  const context = page.context();
  await page.close();
  const few = await fromLoadOfFew(context, place.site);
  const link = await fromLoad(context, `${place.site.url}/c/${place.channels.long}`, end("long"));
  await context.close();
  return { link, few };
}
