// How long it takes to open a channel of 100,000 messages that this device has never shown.
import { end, fresh } from "./place.mjs";
import { median } from "./rows.mjs";
import { fromClick, fromLoad } from "./seen.mjs";

const ROUNDS = 5;

export const NAMES = ["web.open100k_ms", "web.open100k_link_ms"];

/** The floor is the same for a channel of a hundred messages. */
export async function measure(place) {
  const found = { click: { long: [], short: [] }, link: { long: [], short: [] } };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ["long", "short"]) {
      found.click[name].push(await clicked(place, name));
      found.link[name].push(await linked(place, name));
    }
  }
  return ["click", "link"].map((way, at) => ({
    name: NAMES[at], unit: "ms",
    value: median(found[way].long), floor: median(found[way].short),
  }));
}

async function clicked(place, name) {
  const page = await fresh(place);
  const link = page.locator(".sidebar").getByRole("link", { name });
  const took = await fromClick(page, link, end(name));
  await page.context().close();
  return took;
}

async function linked(place, name) {
  const page = await fresh(place);
  const context = page.context();
  await page.close();
  const took = await fromLoad(context, `${place.site.url}/c/${place.channels[name]}`, end(name));
  await context.close();
  return took;
}
