// What people of one organisation do now and then: search in Korean, share the work of keeping a
// group in order, and be told of a message while the client is closed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./content.mjs";
import { LoneWorld } from "./lone-node.mjs";
import { PATIENCE_MS, message, signIn } from "./world.mjs";

const PASSWORD = "correct horse battery";
const MENU = "Actions of this message";

let lone;
let node;
let site;
let world;
let group;
let garden;
const people = {};

before(async () => {
  lone = await LoneWorld.start();
  ({ node, site, world } = lone);
  for (const name of ["alice", "bob", "carol"]) {
    people[name] = await Person.join(node, site, name, PASSWORD);
  }
  const { alice, bob, carol } = people;
  group = await alice.group("Release");
  garden = await alice.group("Garden");
  for (const each of [bob, carol]) {
    await alice.bring(each, group);
    await alice.bring(each, garden);
  }
});

after(() => lone?.end());

async function open(name, path, options) {
  const page = await world.page(site, options);
  await page.goto(site.url + path);
  await signIn(page, name, PASSWORD);
  return page;
}

/** The entries of a message's menu, which stays open. */
async function menuOf(page, text) {
  await message(page, text).hover();
  await message(page, text).getByRole("button", { name: "More" }).click();
  const menu = page.getByRole("menu", { name: MENU });
  await menu.waitFor();
  return { menu, labels: await menu.getByRole("menuitem").allTextContents() };
}

test("a Korean word finds its message, which opens among those beside it", async () => {
  const { alice, bob, carol } = people;
  await alice.say(group, "내일 회의는 세 시에 시작합니다.");
  await bob.say(group, "회의실 예약은 제가 하겠습니다.");
  const wanted = await carol.say(group, "번역 파일을 올렸습니다. 스크린샷도 확인해 주세요.");
  await alice.say(group, "고맙습니다! 점심 먹고 보겠습니다.");
  for (let index = 0; index < 60; index += 1) await bob.say(group, `Line ${index} of the log`);
  await alice.until(async () => {
    const path = `/v1/search?q=${encodeURIComponent("스크린샷")}`;
    return (await alice.ask("GET", path)).results.length === 1;
  });
  const page = await open("alice", "/search");
  await page.getByRole("searchbox", { name: "Search messages" }).fill("스크린샷");
  const found = page.locator(".results .found");
  await found.getByText("번역 파일을 올렸습니다").waitFor();
  assert.equal(await found.count(), 1);
  assert.equal(await found.locator("mark").textContent(), "스크린샷");
  await found.getByText("carol").first().waitFor();
  await found.getByText("Release").waitFor();
  // Its button is as large as what it opens.
  const [whole, button] = [found, found.getByRole("button", { name: "Open" })];
  const sizes = await Promise.all([whole, button].map((each) => each.boundingBox()));
  for (const side of ["width", "height"]) assert.ok(sizes[1][side] > sizes[0][side] - 4, side);
  await button.click();
  const target = page.locator(".conversation-main .message.target");
  await target.getByText("번역 파일을 올렸습니다").waitFor();
  assert.equal(new URL(page.url()).pathname, `/c/${group}/${wanted}`);
  for (const text of ["회의실 예약은 제가", "번역 파일을 올렸습니다", "점심 먹고 보겠습니다"]) {
    await message(page, text).waitFor();
    await page.waitForFunction((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    }, await message(page, text).elementHandle());
  }
  assert.deepEqual(page.failures, []);
});

test("a word that nobody said is found nowhere", async () => {
  const page = await open("bob", `/search?q=${encodeURIComponent("스크린도어")}`);
  await page.getByText("Nothing found.").waitFor();
  assert.equal(await page.locator(".results .found").count(), 0);
  assert.deepEqual(page.failures, []);
});

test("a moderator deletes what a third said; who has no role has no such entry", async () => {
  const { carol } = people;
  await carol.say(garden, "Buy cheap watches");
  const alice = await open("alice", `/c/${garden}?panel=members`);
  const bob = await open("bob", `/c/${garden}`);
  const before = await menuOf(bob, "Buy cheap watches");
  assert.ok(before.labels.includes("Report"));
  assert.ok(!before.labels.includes("Delete"), String(before.labels));
  await bob.keyboard.press("Escape");
  const row = alice.locator(".row.member", { hasText: "bob" });
  await row.getByRole("button", { name: "More" }).click();
  await alice.getByRole("menuitem", { name: "Make a moderator" }).click();
  await row.locator(".tag.moderator").waitFor();
  await bob.getByText("alice made bob moderator").waitFor();
  const after = await menuOf(bob, "Buy cheap watches");
  assert.ok(after.labels.includes("Delete"), String(after.labels));
  await after.menu.getByRole("menuitem", { name: "Delete" }).click();
  await bob.getByRole("dialog").getByText("Delete this message for everybody?").waitFor();
  await bob.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  for (const page of [alice, bob]) {
    await message(page, "This message was deleted.").waitFor();
    await message(page, "Buy cheap watches").waitFor({ state: "detached" });
    assert.deepEqual(page.failures, []);
  }
});

test("a moderator may do nothing about an owner, and a member about nobody", async () => {
  const bob = await open("bob", `/c/${garden}?panel=members`);
  const rowOf = (page, name) => page.locator(".row.member", { hasText: name });
  await rowOf(bob, "carol").getByRole("button", { name: "More" }).click();
  const labels = await bob.getByRole("menuitem").allTextContents();
  assert.deepEqual(labels, ["Remove from the group", "Ban"]);
  await bob.keyboard.press("Escape");
  assert.equal(await rowOf(bob, "alice").getByRole("button", { name: "More" }).count(), 0);
  const carol = await open("carol", `/c/${garden}?panel=members`);
  await rowOf(carol, "alice").locator(".tag.owner").waitFor();
  assert.equal(await carol.locator(".row.member").getByRole("button", { name: "More" }).count(), 0);
  assert.deepEqual([...bob.failures, ...carol.failures], []);
});

// Only Chromium's DevTools can put a push into a service worker.
const skip = process.env.FIREFOX ? "Firefox lets nobody put a push into it" : false;
const PUSHED = "a push is shown as a notification, one a channel, until it is read elsewhere";
test(PUSHED, { skip }, async () => {
  const page = await open("alice", "/", { permissions: ["notifications"] });
  await page.locator(".sidebar").getByText("acme.test").waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);
  const push = await pusher(page);
  const account = "alice@acme.test";
  const said = {
    kind: "message", account, channel: group, name: "Release", unread: 1, message: "m1",
    sender: "carol@acme.test", sender_name: "Carol 박", text: "점심 어때요?",
  };
  await push(said);
  await shown(page, [{
    title: "Carol 박 · Release", body: "점심 어때요?", tag: group, path: `/c/${group}/m1`,
  }]);
  await push({ ...said, unread: 2, message: "m2", text: "Or later?" });
  await shown(page, [{
    title: "Carol 박 · Release", body: "Or later?", tag: group, path: `/c/${group}/m2`,
  }]);
  const invite = { kind: "invite", account, channel: "other", sender: "bob@acme.test" };
  await push({ ...invite, name: "Chess" });
  await push({ kind: "read", account, channel: group });
  await shown(page, [{
    title: "bob@acme.test · Chess", body: "bob@acme.test invites you", tag: "other",
    path: "/c/other",
  }]);
  assert.deepEqual(page.failures, []);
});

/** Puts what a push service would bring into the page's service worker. */
async function pusher(page) {
  const session = await page.context().newCDPSession(page);
  const registered = new Promise((resolve) => {
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => scopeURL === `${site.url}/`);
      if (own) resolve(own.registrationId);
    });
  });
  await session.send("ServiceWorker.enable");
  const registrationId = await registered;
  return (push) => session.send("ServiceWorker.deliverPushMessage", {
    origin: site.url, registrationId, data: JSON.stringify(push),
  });
}

/** Waits until just these notifications are shown; fails with those that are. */
async function shown(page, wanted) {
  const last = await page.evaluate(async ([wanted, patience]) => {
    const registration = await navigator.serviceWorker.ready;
    const end = performance.now() + patience;
    let now;
    do {
      // Seldom: Chromium may lose what is shown while it is asked for what it shows.
      await new Promise((resolve) => setTimeout(resolve, 500));
      now = (await registration.getNotifications())
        .map(({ title, body, tag, data: { path } }) => ({ title, body, tag, path }));
    } while (JSON.stringify(now) !== wanted && performance.now() < end);
    return now;
  }, [JSON.stringify(wanted), PATIENCE_MS]);
  assert.deepEqual(last, wanted);
}
