// A long history: few rows in the page, nothing jumps, nothing lacks, links lead to the message.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World, message, openDirect, signIn } from "./world.mjs";

const COUNT = 700;
/** More than are ever in sight with what is drawn beyond. */
const ROWS_MAX = 150;

let world;
let alice;
let channel;
const ids = [];

before(async () => {
  world = await World.start();
  const body = { name: "bob", password: "bob-tries-comity", device_name: "test" };
  const { token } = await world.globex.ask("POST", "/v1/sessions", body);
  const { channels } = await world.globex.ask("GET", "/v1/channels", undefined, token);
  channel = channels.find((each) => each.with === "alice@acme.test").id;
  for (let n = 1; n <= COUNT; n += 1) {
    const text = n % 7 ? `number ${n}.` : `number ${n}.\n${"a line\n".repeat(n % 13)}`;
    const said = { text, nonce: String(n) };
    const path = `/v1/channels/${channel}/messages`;
    ids.push((await world.globex.ask("POST", path, said, token)).id);
  }
  alice = await world.page(world.acme);
  await signIn(alice, "alice");
});

after(() => world?.end());

/** The numbers that are drawn, and where the first that is in sight stands. */
function drawn() {
  return alice.evaluate(() => {
    const list = document.querySelector(".virtual");
    const top = list.getBoundingClientRect().top;
    const rows = [...list.querySelectorAll(".message")].map((row) => ({
      n: Number(/number (\d+)\./.exec(row.textContent)?.[1] ?? 0),
      top: row.getBoundingClientRect().top - top,
    }));
    const { scrollTop, scrollHeight, clientHeight } = list;
    return { rows, scrollTop, isAtEnd: scrollHeight - scrollTop - clientHeight < 2 };
  });
}

/** The next frame, when what was scrolled is drawn. */
const frame = () => alice.evaluate(() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(done));
}));

test("a channel with much unread opens at the end, and offers the first unread", async () => {
  await openDirect(alice, /bob/);
  await message(alice, `number ${COUNT}.`).waitFor();
  assert.ok((await drawn()).isAtEnd);
  await alice.getByRole("button", { name: /Jump to the first unread/ }).click();
  await message(alice, "number 1.").waitFor();
  await alice.locator(".unread-line").waitFor();
  await alice.getByRole("button", { name: /new messages/ }).click();
  await message(alice, `number ${COUNT}.`).waitFor();
  await alice.getByRole("button", { name: "Mark all as read" }).click();
  await alice.locator(".sidebar .row .count").waitFor({ state: "detached" });
});

test("scrolling back shows every message in its order, with few rows in the page", async () => {
  const seen = new Set();
  let { rows } = await drawn();
  while (!seen.has(1)) {
    assert.ok(rows.length < ROWS_MAX, `${rows.length} rows are drawn`);
    const numbers = rows.map(({ n }) => n).filter(Boolean);
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
    for (const n of numbers) seen.add(n);
    await alice.locator(".virtual").evaluate((list) => list.scrollBy(0, -400));
    await frame();
    ({ rows } = await drawn());
  }
  const lacking = ids.map((_, index) => index + 1).filter((n) => !seen.has(n));
  assert.deepEqual(lacking, []);
});

test("the newest are one press away, and a link to a message leads to it", async () => {
  await alice.getByRole("button", { name: /Jump to the newest|new message/ }).click();
  await message(alice, `number ${COUNT}.`).waitFor();
  await alice.goto(`${world.acme.url}/c/${channel}/${ids[199]}`);
  await message(alice, "number 200.").waitFor();
  await alice.locator(".message.target").waitFor();
  const { rows } = await drawn();
  const { top } = rows.find(({ n }) => n === 200);
  assert.ok(top > 0 && top < 600, `it stands at ${top}`);
});

test("what is looked at stays where it is while older pages come", async () => {
  // Nothing else moves the list: each step of the wheel moves all rows by as much.
  for (let step = 0; step < 12; step += 1) {
    const before = await drawn();
    const held = before.rows.find(({ top }) => top > 200);
    await alice.locator(".virtual").evaluate((list) => list.scrollBy(0, -100));
    await frame();
    const after = await drawn();
    const now = after.rows.find(({ n }) => n === held.n);
    assert.ok(Math.abs(now.top - held.top - 100) < 3, `${held.top} became ${now.top}`);
  }
  assert.deepEqual(alice.failures, []);
});
