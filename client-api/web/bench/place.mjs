// Browsers at the node of the benches.
import { signIn } from "../test/world.mjs";
import { PASSWORD } from "./seed.mjs";

/** A browser that is signed in and has shown no channel. */
export async function fresh({ world, site }) {
  const page = await world.page(site);
  await signIn(page, "alice", PASSWORD);
  await page.locator(".sidebar .row").first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForLoadState("networkidle");
  return page;
}

/** The last message of a channel. */
export const end = (name) => ({
  selector: ".conversation-main .message", text: `The end of ${name}.`,
});

/** A browser that shows the end of a channel. */
export async function opened(place, name) {
  const page = await fresh(place);
  await page.locator(".sidebar").getByRole("link", { name }).click();
  const { selector, text } = end(name);
  await page.locator(selector, { hasText: text }).waitFor();
  await page.waitForLoadState("networkidle");
  return page;
}

/** A page that scrolls and has nothing on it. */
export async function blank({ world, site }) {
  const page = await world.page(site);
  await page.goto("about:blank");
  await page.evaluate(() => {
    const list = document.createElement("div");
    list.className = "virtual";
    list.style.cssText = "position: fixed; inset: 0; overflow: auto";
    const high = document.createElement("div");
    high.style.height = "200000px";
    list.append(high);
    document.body.append(list);
    list.scrollTop = 200_000;
  });
  return page;
}
