// What goes wrong around a client: an answer that is lost, a clock that is hours off, a browser
// that has no room left. Nothing is lost, nothing is doubled, and the user is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  PATIENCE_MS, World, message, openDirect, say, shoot, signIn, untilKept,
} from "./world.mjs";

const HOUR = 3_600_000;
const FULL = "This browser has no room left";

let world;
let bob;

before(async () => {
  world = await World.start();
  bob = await world.page(world.globex);
  await signIn(bob, "bob");
  await openDirect(bob, /alice/);
});

after(() => world?.end());

async function alice(options) {
  const page = await world.page(world.acme, options);
  await signIn(page, "alice");
  await openDirect(page, /bob/);
  return page;
}

/** Runs in the page: its browser keeps nothing more while the test says that there is no room. */
function refuseRoom() {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...value) {
    if (sessionStorage.getItem("room") !== "none") return put.apply(this, value);
    throw new DOMException("There is no room.", "QuotaExceededError");
  };
}

/** Both sides show these texts once each, and in this order. */
async function bothHave(page, texts) {
  for (const each of [page, bob]) {
    for (const text of texts) await message(each, text).first().waitFor();
    await each.locator(".message.local").waitFor({ state: "detached" });
    const all = await each.locator(".conversation-main .message .text").allTextContents();
    assert.deepEqual(all.filter((text) => texts.includes(text)), texts);
  }
}

test("the node's answer is lost on the way: nothing is lost, nothing doubled", async () => {
  const page = await alice();
  await say(page, "Before the line broke");
  await bothHave(page, ["Before the line broke"]);
  world.acme.mute();
  for (const text of ["On its way 1", "On its way 2", "On its way 3"]) await say(page, text);
  await message(bob, "On its way 3").waitFor();
  await page.locator(".message.local .delivery.clock").nth(2).waitFor();
  await world.acme.close();
  await page.locator(".banner").waitFor();
  await say(page, "Written when it was gone");
  await world.acme.reopen();
  await page.locator(".banner").waitFor({ state: "detached" });
  const all = ["Before the line broke", "On its way 1", "On its way 2", "On its way 3",
    "Written when it was gone"];
  await bothHave(page, all);
  await page.reload();
  await bothHave(page, all);
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

for (const [word, clockAheadMs] of [["ahead", 26 * HOUR], ["behind", -26 * HOUR]]) {
  test(`a clock that is a day ${word}: order, days and times are the node's`, async () => {
    const page = await alice({ clockAheadMs });
    await page.getByText(new RegExp(`clock is 1 day,? 2 hrs? ${word}`)).waitFor();
    const texts = [`First, ${word}`, `Second, ${word}`, `Third, ${word}`];
    await say(page, texts[0]);
    await message(bob, texts[0]).waitFor();
    await say(bob, texts[1]);
    await message(page, texts[1]).waitFor();
    // Without a connection what is written stands behind what came, on the same day.
    await world.acme.close();
    await say(page, texts[2]);
    await message(page, texts[2]).locator(".delivery.clock").waitFor();
    const days = page.locator(".conversation-main .day");
    assert.deepEqual(await days.allTextContents(), ["Today"]);
    await world.acme.reopen();
    await bothHave(page, texts);
    assert.deepEqual(await days.allTextContents(), ["Today"]);
    const times = await page.locator(".conversation-main .message time[datetime]")
      .evaluateAll((all) => all.map(({ dateTime }) => dateTime));
    assert.deepEqual(times, [...times].sort());
    await page.getByRole("status").filter({ hasText: "clock" })
      .getByRole("button", { name: "Close" }).click();
    await page.getByText("clock is").waitFor({ state: "detached" });
    assert.deepEqual(page.failures, []);
    await page.context().close();
  });
}

test("a browser without room says so; what is written arrives once", async () => {
  const page = await alice({ first: [refuseRoom] });
  await say(page, "While there is room");
  await bothHave(page, ["While there is room"]);
  const room = (isThere) => page.evaluate((value) => sessionStorage.setItem("room", value),
    isThere ? "" : "none");
  await room(false);
  await say(page, "Without room");
  await bothHave(page, ["While there is room", "Without room"]);
  await page.getByText(FULL).waitFor();
  await shoot(page, "storage-full");
  // What waits for a connection is held by the page alone, which is not closed unasked.
  await world.acme.close();
  await say(page, "Neither room nor a connection");
  const unkept = message(page, "Neither room nor a connection");
  await unkept.waitFor();
  // The mark says that the page may be closed.
  assert.equal(await unkept.locator(".delivery.clock").count(), 0);
  await page.getByText(FULL).waitFor();
  const asked = page.waitForEvent("dialog");
  void page.close({ runBeforeUnload: true });
  await (await asked).dismiss();
  await world.acme.reopen();
  const texts = ["While there is room", "Without room", "Neither room nor a connection"];
  await bothHave(page, texts);
  // Its counter stood still: what is written after the next start has another number.
  await page.reload();
  await bothHave(page, texts);
  await say(page, "After the start");
  await bothHave(page, [...texts, "After the start"]);
  await room(true);
  await page.getByText(FULL).waitFor({ state: "detached" });
  await say(page, "There is room again");
  await bothHave(page, [...texts, "After the start", "There is room again"]);
  // What is looked at from now on is kept.
  await page.reload();
  await bothHave(page, [...texts, "After the start", "There is room again"]);
  assert.ok(await page.evaluate(untilKept, ["There is room again", PATIENCE_MS]));
  await world.acme.close();
  await page.reload();
  await message(page, "There is room again").waitFor();
  await world.acme.reopen();
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test("nothing was thrown in the other page", () => assert.deepEqual(bob.failures, []));
