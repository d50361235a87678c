// The admin console and the settings, at a node of their own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LoneWorld } from "./lone-node.mjs";
import { signIn } from "./world.mjs";

const PASSWORD = "correct horse battery";

let lone;
let node;
let site;
let world;

before(async () => {
  lone = await LoneWorld.start();
  ({ node, site, world } = lone);
  await signUp("alice");
  await node.makeAdmin("alice");
});

after(() => lone?.end());

async function signUp(name) {
  const body = { name, password: PASSWORD, invite: await node.invite() };
  return site.ask("POST", "/v1/accounts", body);
}

async function open(name, path, password = PASSWORD) {
  const page = await world.page(site);
  await page.goto(site.url + path);
  await signIn(page, name, password);
  return page;
}

const row = (page, text) => page.getByRole("row").filter({ hasText: text });

async function choose(page, name, item) {
  await page.getByRole("button", { name: `What to do about ${name}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("a user made in the console signs in, and is signed out when suspended", async () => {
  const admin = await open("alice", "/admin/users");
  await admin.getByRole("button", { name: "New user" }).click();
  await admin.getByRole("dialog").getByLabel("Name").fill("Bob");
  await admin.getByRole("button", { name: "Create" }).click();
  await admin.getByText("bob@acme.test is made").waitFor();
  const password = await admin.getByRole("group", { name: "Password" }).textContent();
  await admin.getByRole("button", { name: "Done" }).click();
  const bob = await open("bob", "/admin", password);
  await bob.getByText("You are not an admin").waitFor();
  await row(admin, "alice@acme.test").getByText("Now", { exact: true }).waitFor();
  await choose(admin, "bob", "Suspend");
  await admin.getByRole("dialog").getByText(/signed out on all devices at once/).waitFor();
  await admin.getByRole("button", { name: "Suspend" }).click();
  await row(admin, "bob@acme.test").getByText("Suspended").waitFor();
  await bob.getByText("You were signed out of this device.").waitFor();
  await choose(admin, "bob", "Restore");
  await admin.getByRole("button", { name: "Restore" }).click();
  await row(admin, "bob@acme.test").getByText("Active").waitFor();
  await signIn(bob, "bob", password);
  await bob.getByText("You are not an admin").waitFor();
  assert.deepEqual([...admin.failures, ...bob.failures], []);
});

test("the console stands in the menu of an admin, and in that of nobody else", async () => {
  await signUp("frank");
  const menuOf = async (name) => {
    const page = await world.page(site);
    // Before the node has said who it is, nobody is an admin.
    const said = page.waitForResponse((response) => response.url() === `${site.url}/v1/me`);
    await signIn(page, name, PASSWORD);
    await (await said).finished();
    await page.locator(".sidebar .own").click();
    await page.getByRole("menuitem", { name: "Settings" }).waitFor();
    return page;
  };
  const admin = await menuOf("alice");
  await admin.getByRole("menuitem", { name: "Admin console" }).click();
  await admin.waitForURL(`${site.url}/admin`);
  const frank = await menuOf("frank");
  assert.equal(await frank.getByRole("menuitem", { name: "Admin console" }).count(), 0);
  assert.deepEqual([...admin.failures, ...frank.failures], []);
});

test("an invitation's link from the console makes an account until it is revoked", async () => {
  const admin = await open("alice", "/admin/invites");
  await admin.getByRole("button", { name: "New invitation" }).click();
  await admin.getByLabel("Accounts", { exact: true }).fill("2");
  await admin.getByRole("button", { name: "Make the link" }).click();
  const link = await admin.getByRole("group", { name: "Invitation link" }).textContent();
  await admin.getByRole("button", { name: "Done" }).click();
  const take = async (name) => {
    const page = await world.page(site);
    await page.goto(link);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("Password again").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    return page;
  };
  await (await take("carol")).getByText("Welcome to Comity").waitFor();
  await admin.getByRole("button", { name: "Revoke" }).click();
  await admin.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await admin.getByText("No invitation is open.").waitFor();
  const late = await take("dan");
  await late.getByText("The invite token is wrong, used up or expired.").waitFor();
  assert.deepEqual(admin.failures, []);
});

test("what is said of a domain counts for it, and is forgotten again", async () => {
  const admin = await open("alice", "/admin/partners");
  await admin.getByRole("button", { name: "Other domain" }).click();
  await admin.getByRole("dialog").getByLabel("Domain").fill("bob@globex.example");
  await admin.getByRole("button", { name: "Open", exact: true }).click();
  await admin.getByText(/This is not a domain/).waitFor();
  await admin.getByRole("dialog").getByLabel("Domain").fill("globex.example");
  await admin.getByRole("button", { name: "Open", exact: true }).click();
  await admin.getByText("nothing to do with globex.example yet").waitFor();
  await admin.getByRole("button", { name: "Block", exact: true }).click();
  await admin.getByRole("dialog").getByText(/The link with globex.example ends/).waitFor();
  await admin.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await admin.getByText("globex.example is blocked.").waitFor();
  await admin.goto(`${site.url}/admin/rules`);
  await row(admin, "globex.example").getByText("Blocked").waitFor();
  await choose(admin, "globex.example", "Forget the rule");
  await admin.getByRole("button", { name: "Forget the rule" }).click();
  await admin.getByText("You have said nothing of any organisation.").waitFor();
  assert.deepEqual(admin.failures, []);
});

test("a profile, other devices, and the end of an account", async () => {
  const { token } = await signUp("eve");
  const eve = await open("eve", "/settings/profile");
  await eve.getByLabel("Display name").fill("Eve Moneypenny");
  await eve.getByRole("button", { name: "Save" }).first().click();
  await eve.getByText("Saved.").waitFor();
  const { profiles } = await site.ask("GET", "/v1/profiles?account=eve@acme.test", null, token);
  assert.equal(profiles[0].display_name, "Eve Moneypenny");
  await eve.goto(`${site.url}/settings/devices`);
  await eve.getByRole("button", { name: "Sign it out" }).click();
  await eve.getByRole("dialog").getByRole("button", { name: "Sign it out" }).click();
  await eve.getByText("You are signed in nowhere else.").waitFor();
  await assert.rejects(site.ask("GET", "/v1/me", null, token), /token_invalid/);
  await eve.goto(`${site.url}/settings/account`);
  await eve.getByRole("button", { name: "Delete my account" }).click();
  const dialog = eve.getByRole("dialog");
  await dialog.getByLabel(/Type your address/).fill("eve@acme.test");
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  await eve.getByText("Sign in to acme.test").waitFor();
  await signIn(eve, "eve", PASSWORD);
  await eve.getByText("The name or the password is wrong.").waitFor();
  assert.deepEqual(eve.failures, []);
});

test("the overview shows how much the node does, and a page its settings in force", async () => {
  const admin = await open("alice", "/admin");
  const live = admin.locator("section", { hasText: "Live figures" });
  for (const name of ["Connections", "Messages in", "Messages out", "Store", "writer"]) {
    await live.getByText(name, { exact: true }).first().waitFor();
  }
  await admin.getByRole("link", { name: "Settings in force" }).click();
  await row(admin, "sign_up.mode").getByText("comity.toml").waitFor();
  await row(admin, "limits.clients.account_devices_max").getByText("default").waitFor();
  assert.deepEqual(admin.failures, []);
});
