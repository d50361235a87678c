// An admin closes the node to another organisation, and opens it again.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { World, message, say, signIn } from "./world.mjs";

let folder;
let world;
let admin;
let carol;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "comity-web-"));
  world = await World.start("--data-dir", join(folder, "demo"));
  await makeAdmin("alice");
  admin = await world.page(world.acme);
  carol = await world.page(world.acme);
  await signIn(admin, "alice");
  await admin.locator(".sidebar").getByText("acme.test").waitFor();
  await signIn(carol, "carol");
  await carol.locator(".sidebar").getByText("acme.test").waitFor();
});

after(async () => {
  await world?.end();
  await rm(folder, { recursive: true, force: true });
});

/** Lets somebody of `acme.test` use the console. */
async function makeAdmin(name) {
  const file = join(folder, "acme.toml");
  const data = join(folder, "demo", "acme.test");
  await writeFile(file, `domain = "acme.test"\ndata_dir = "${data}"\n`);
  const run = promisify(execFile);
  await run(process.env.COMITY_BINARY, ["user", "admin", name, "--config", file]);
}

/** Says in the console what the node does about `globex.test`. */
async function decide(action) {
  await admin.goto(`${world.acme.url}/admin/partners?domain=globex.test`);
  await admin.getByRole("button", { name: action, exact: true }).click();
  await admin.getByRole("dialog").getByRole("button", { name: action, exact: true }).click();
}

test("nobody of a blocked organisation can be invited, and the refusal says why", async () => {
  await decide("Block");
  await admin.getByText("globex.test is blocked.").waitFor();
  await carol.getByRole("button", { name: "New group" }).click();
  await carol.getByLabel("Name", { exact: true }).fill("Lunch");
  await carol.getByRole("button", { name: "Create" }).click();
  await carol.getByRole("heading", { name: "Lunch", level: 1 }).waitFor();
  await carol.getByRole("button", { name: "Invite", exact: true }).click();
  await carol.getByLabel("Account", { exact: true }).fill("bob@globex.test");
  const dialog = carol.getByRole("dialog");
  await dialog.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog.getByText("does not federate with").waitFor();
  await dialog.getByText("Ask the admin of globex.test to allow acme.test, "
    + "and your own admin to allow globex.test.").waitFor();
});

test("once it is allowed the same invitation goes out, and both write", async () => {
  const bob = await world.page(world.globex);
  await signIn(bob, "bob");
  await bob.locator(".sidebar").getByText("globex.test").waitFor();
  assert.equal(await bob.locator(".sidebar").getByText("Invitations").count(), 0);
  await decide("Allow");
  await admin.getByText("globex.test is allowed.").waitFor();
  const dialog = carol.getByRole("dialog");
  await dialog.getByRole("button", { name: "Invite", exact: true }).click();
  await carol.getByText("bob is invited.").waitFor();
  await carol.keyboard.press("Escape");
  // What a stranger calls a group is not shown before one is in it.
  await bob.locator(".sidebar").getByRole("link", { name: /A group/ }).click();
  await bob.getByText("carol invites you (carol@acme.test)").waitFor();
  await bob.getByRole("button", { name: "Accept" }).click();
  await bob.getByRole("heading", { name: "Lunch", level: 1 }).waitFor();
  await say(carol, "At noon?");
  await message(bob, "At noon?").waitFor();
  await say(bob, "At one.");
  await message(carol, "At one.").waitFor();
  assert.deepEqual([...admin.failures, ...carol.failures, ...bob.failures], []);
});
