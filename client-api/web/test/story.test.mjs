// The story of a day, in browsers at two organisations.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  PATIENCE_MS, World, keepFailures, message, openDirect, say, shoot, signIn, untilKept,
} from "./world.mjs";

let world;
let alice;
let bob;

before(async () => {
  world = await World.start();
  alice = await world.page(world.acme);
  bob = await world.page(world.globex);
});

after(() => world?.end());

test("a wrong password is told, the right one opens the list", async () => {
  await signIn(alice, "alice", "not the password");
  await alice.getByText("The name or the password is wrong.").waitFor();
  await signIn(alice, "alice");
  await alice.locator(".sidebar").getByText("acme.test").waitFor();
  await signIn(bob, "bob");
  await bob.locator(".sidebar").getByText("globex.test").waitFor();
});

test("a message crosses to the other organisation, and its writer sees that it did", async () => {
  await openDirect(alice, /bob/);
  await openDirect(bob, /alice/);
  await say(alice, "Tea at **five**?");
  await message(bob, "Tea at five?").locator("strong", { hasText: "five" }).waitFor();
  const sent = message(alice, "Tea at five?");
  await sent.getByRole("button", { name: "Delivered to all organisations" }).waitFor();
  await sent.getByRole("img", { name: /^Read by bob/ }).waitFor();
});

test("the session's beat does not hang on the page's own timers", async () => {
  const runs = () => alice.workers().length;
  while (!runs()) await alice.waitForEvent("worker");
  assert.equal(runs(), 1);
});

/** Runs in the page: a key, and a text before the next frame. */
async function typeAtOnce([key, text]) {
  const area = document.activeElement;
  area.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  await new Promise((resolve) => setTimeout(resolve));
  area.value = text;
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

test("who types is seen, and an answer, a reaction and an edit come back", async () => {
  await bob.locator(".composer textarea").pressSequentially("With");
  await alice.getByText("bob is typing").waitFor();
  await say(bob, "With milk.");
  await message(alice, "With milk.").hover();
  await message(alice, "With milk.").getByRole("button", { name: "React" }).first().click();
  await alice.getByRole("button", { name: /^thumbs up/ }).click();
  await message(bob, "With milk.").getByRole("button", { name: /alice reacted with/ }).waitFor();
  await bob.locator(".composer textarea").focus();
  await bob.evaluate(typeAtOnce, ["ArrowUp", "With lemon."]);
  await bob.keyboard.press("Enter");
  await message(alice, "With lemon.").getByRole("button", { name: "edited" }).waitFor();
  assert.equal(await message(alice, "With milk.").count(), 0);
});

test("the keyboard comes to what can be done with a message", async () => {
  const sent = message(bob, "With lemon.");
  await bob.locator(".composer textarea").focus();
  const isThere = () => sent.getByRole("toolbar").isVisible();
  for (let step = 0; step < 20 && !await isThere(); step += 1) {
    await bob.keyboard.press("Shift+Tab");
  }
  assert.equal(await bob.evaluate(() => document.activeElement.ariaLabel), "React");
  await bob.keyboard.press("Tab");
  await bob.keyboard.press("Enter");
  await bob.locator(".composer").getByText("With lemon.").waitFor();
  await bob.keyboard.press("Escape");
});

test("without a connection history is there and a text waits; then it goes out once", async () => {
  await alice.evaluate(() => navigator.serviceWorker.ready);
  await world.acme.close();
  await alice.locator(".banner").waitFor();
  await say(alice, "Written without a connection");
  await message(alice, "Written without a connection").locator(".delivery.clock").waitFor();
  await alice.reload();
  await message(alice, "Tea at five?").waitFor();
  await message(alice, "Written without a connection").waitFor();
  await shoot(alice, "offline");
  await world.acme.reopen();
  await message(bob, "Written without a connection").waitFor();
  await message(alice, "Written without a connection")
    .getByRole("button", { name: "Delivered to all organisations" }).waitFor();
  assert.equal(await message(bob, "Written without a connection").count(), 1);
  assert.equal(await message(alice, "Written without a connection").count(), 1);
  await alice.locator(".banner").waitFor({ state: "detached" });
});

test("a browser that has just signed in has its list without a connection too", async () => {
  const page = await world.page(world.globex);
  await signIn(page, "bob");
  await openDirect(page, /alice/);
  await page.evaluate(() => navigator.serviceWorker.ready);
  assert.ok(await page.evaluate(untilKept, ["Loud and clear, alice!", PATIENCE_MS]));
  await world.globex.close();
  await page.reload();
  await message(page, "Tea at five?").waitFor();
  await page.locator(".sidebar").getByRole("link", { name: /alice/ }).waitFor();
  await world.globex.reopen();
  await page.context().close();
});

test("two tabs share one connection, and one goes on when the other is closed", async () => {
  const second = await alice.context().newPage();
  keepFailures(second, alice.failures);
  await second.goto(alice.url());
  await message(second, "Tea at five?").waitFor();
  await say(second, "From the second tab");
  await message(bob, "From the second tab").waitFor();
  await message(alice, "From the second tab").waitFor();
  await second.locator(".composer textarea").fill("A draft");
  await alice.close();
  await say(second, "The first is closed");
  await message(bob, "The first is closed").waitFor();
  assert.equal(await message(bob, "From the second tab").count(), 1);
  alice = second;
});

test("a device that is logged out elsewhere returns to the sign-in page", async () => {
  const { token } = await world.acme.ask("POST", "/v1/sessions", {
    name: "alice", password: "alice-tries-comity", device_name: "test",
  });
  const { devices } = await world.acme.ask("GET", "/v1/devices", undefined, token);
  const others = devices.filter(({ current }) => !current);
  for (const { id } of others) {
    await world.acme.ask("DELETE", `/v1/devices/${id}`, undefined, token);
  }
  await alice.getByText("You were signed out of this device.").waitFor();
  const kept = await alice.evaluate(() => indexedDB.databases());
  assert.deepEqual(kept.map(({ name }) => name), ["comity:app"]);
});

test("nothing was thrown in any page", () => {
  assert.deepEqual([alice.failures, bob.failures], [[], []]);
});
