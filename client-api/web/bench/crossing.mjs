// A message from a browser of one organisation to a browser of another.
import { World, openDirect, say, signIn } from "../test/world.mjs";
import { median } from "./rows.mjs";
import { watch } from "./seen.mjs";

export const NAMES = ["web.crossing_p50_ms", "web.crossing_p95_ms"];

const COUNT = 60;
/** The first few are not counted: they warm up. */
const FIRST = 5;

/** The floor is the same from one browser to itself: what the writer sees at once. */
export async function measure() {
  const world = await World.start();
  try {
    const alice = await world.page(world.acme);
    const bob = await world.page(world.globex);
    await signIn(alice, "alice");
    await signIn(bob, "bob");
    await openDirect(alice, /bob/);
    await openDirect(bob, /alice/);
    const [across, own] = [[], []];
    for (let count = 0; count < COUNT; count += 1) {
      const { seen, echoed } = await cross(alice, bob, `Message ${count} of the bench.`);
      if (count < FIRST) continue;
      across.push(seen);
      own.push(echoed);
    }
    const late = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.95)];
    return [
      { name: NAMES[0], value: median(across), unit: "ms", floor: median(own) },
      { name: NAMES[1], value: late(across), unit: "ms", floor: late(own) },
    ];
  } finally {
    await world.end();
  }
}

/** From the key that sends it; both pages have the clock of this machine. */
async function cross(from, to, text) {
  const wanted = { selector: ".conversation-main .message", text };
  await from.locator(".conversation-main .composer textarea").fill(text);
  await from.evaluate(watch, wanted);
  await to.evaluate(watch, wanted);
  await from.evaluate(() => {
    addEventListener("keydown", ({ timeStamp }) => (window.pressed = timeStamp),
      { capture: true, once: true });
  });
  await from.keyboard.press("Enter");
  const at = (page) => page.evaluate(async () => performance.timeOrigin + await window.seen);
  const [seen, echoed] = await Promise.all([at(to), at(from)]);
  const begin = await from.evaluate(() => performance.timeOrigin + window.pressed);
  return { seen: seen - begin, echoed: echoed - begin };
}
