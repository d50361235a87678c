// Scrolling back through a channel of 100,000 messages: how even it is, and what it leaves behind.
import { blank, opened } from "./place.mjs";
import { median } from "./rows.mjs";

export const NAMES = [
  "web.scroll_fps", "web.scroll_p95_ms", "web.scroll_heap_ratio", "web.scroll_heap_mb",
  "web.scroll_nodes", "web.scroll_messages",
];
const SMOOTH = NAMES.slice(0, 2);

/** As a reader who looks for something turns the wheel; a page of the history lasts a second. */
const PX_PER_SECOND = 2_400;
const ROUNDS = 3;
const ROUND_S = 5;
/** So much is scrolled through before the heap is measured first, and last. */
const MESSAGES_FIRST = 2_500;
const MESSAGES_LAST = 22_500;

export async function measure(place, rows) {
  return [
    ...(SMOOTH.some((name) => rows.wants(name)) ? await smoothness(place) : []),
    ...(NAMES.slice(2).some((name) => rows.wants(name)) ? await memory(place) : []),
  ];
}

/** The floor is the same scroll of a page as high with nothing on it. */
async function smoothness(place) {
  const page = await opened(place, "long");
  const ours = await rounds(page, ".conversation-main .virtual");
  await page.context().close();
  const empty = await blank(place);
  const floor = await rounds(empty, ".virtual");
  await empty.context().close();
  return [
    { name: NAMES[0], value: ours.fps, unit: "1/s", floor: floor.fps },
    { name: NAMES[1], value: ours.p95, unit: "ms", floor: floor.p95 },
  ];
}

async function rounds(page, selector) {
  const cdp = await page.context().newCDPSession(page);
  const found = [];
  for (let round = 0; round < ROUNDS; round += 1) found.push(await scroll(page, cdp, selector));
  return { fps: median(found.map(({ fps }) => fps)), p95: median(found.map(({ p95 }) => p95)) };
}

/** Turns the wheel as the browser itself does it; frames are those that the page draws. */
async function scroll(page, cdp, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  await page.evaluate(() => {
    const note = (now) => {
      window.frameTimes.push(now);
      window.frameNoted = requestAnimationFrame(note);
    };
    window.frameTimes = [];
    window.frameNoted = requestAnimationFrame(note);
  });
  await cdp.send("Input.synthesizeScrollGesture", {
    x: x + width / 2, y: y + height / 2, yDistance: PX_PER_SECOND * ROUND_S,
    speed: PX_PER_SECOND, gestureSourceType: "mouse", preventFling: true,
  });
  const times = await page.evaluate(() => {
    cancelAnimationFrame(window.frameNoted);
    return window.frameTimes;
  });
  const gaps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
  const seconds = (times.at(-1) - times[0]) / 1e3;
  return { fps: gaps.length / seconds, p95: gaps[Math.floor(gaps.length * 0.95)] };
}

/** The floor is what the page held, and how many nodes it had, after the first few thousands. */
async function memory(place) {
  const page = await opened(place, "long");
  const cdp = await page.context().newCDPSession(page);
  await page.evaluate(startScrolling);
  const first = await heldAfter(page, cdp, MESSAGES_FIRST);
  const last = await heldAfter(page, cdp, MESSAGES_LAST);
  await page.context().close();
  return [
    { name: NAMES[2], value: last.heap / first.heap, unit: "x", floor: 1 },
    { name: NAMES[3], value: last.heap / 1e6, unit: "MB", floor: first.heap / 1e6 },
    { name: NAMES[4], value: last.nodes, unit: "", floor: first.nodes },
    { name: NAMES[5], value: last.messages, unit: "" },
  ];
}

/** In the page: scrolls back by less than is drawn at once, so that each message is drawn. */
function startScrolling() {
  window.drawnCount = 0;
  window.drawnWanted = 0;
  let oldest;
  const step = () => {
    requestAnimationFrame(step);
    if (window.drawnCount >= window.drawnWanted) return;
    const list = document.querySelector(".conversation-main .virtual");
    // Newer than the oldest that was seen are those that were drawn before.
    const ids = [...list.querySelectorAll(".message")].map(({ dataset }) => dataset.id);
    window.drawnCount += ids.filter((id) => oldest === undefined || id < oldest).length;
    oldest = [oldest, ...ids].filter(Boolean).sort()[0];
    list.scrollBy(0, -1_000);
  };
  requestAnimationFrame(step);
}

async function heldAfter(page, cdp, messages) {
  await page.evaluate((count) => (window.drawnWanted = count), messages);
  await page.waitForFunction(() => window.drawnCount >= window.drawnWanted, undefined,
    { timeout: 120_000 });
  // Twice: what the first frees may hold more.
  for (let time = 0; time < 2; time += 1) await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const { nodes } = await cdp.send("Memory.getDOMCounters");
  return { heap: usedSize, nodes, messages: await page.evaluate(() => window.drawnCount) };
}
