// What others write is hostile: nothing of it becomes HTML, and none of it breaks the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World, message, openDirect, signIn } from "./world.mjs";

/** Each would set `window.struck`, or lead somewhere that is not the web, if it were believed. */
const PAYLOADS = [
  "<script>window.struck = 1</script>",
  "<img src=x onerror='window.struck = 1'>",
  "<svg onload=window.struck=1></svg>",
  "<iframe srcdoc='<script>parent.struck=1</script>'></iframe>",
  "<a href='javascript:window.struck=1'>link</a>",
  "[link](javascript:window.struck=1)",
  "[link](java&#115;cript:window.struck=1)",
  "[link](JaVaScRiPt:window.struck=1)",
  "[link](data:text/html,<script>parent.struck=1</script>)",
  "[link](vbscript:x)",
  "[link](blob:https://acme.test/x)",
  "<javascript:window.struck=1>",
  "![image](javascript:window.struck=1)",
  "![image](https://tracker.example/pixel.png)",
  "![x](x\"onerror=\"window.struck=1)",
  "[a]: javascript:window.struck=1\n\n[a]",
  "&lt;script&gt;window.struck=1&lt;/script&gt;",
  "**<b onmouseover=window.struck=1>bold</b>**",
  "`<img src=x onerror=window.struck=1>`",
  "```<script>\n<img src=x onerror=window.struck=1>\n```",
  "<details open ontoggle=window.struck=1>",
  "<style>* { display: none }</style>",
  "<base href=https://evil.example>",
  "\u202e\u2066 turned around \u2069",
  "[//evil.example](//evil.example/x)",
  "https://evil.example\" onclick=\"window.struck=1",
  "| <b onclick=window.struck=1>a</b> | b |\n|-|-|\n| <img src=x onerror=window.struck=1> | c |",
  "| a |\n| :-: |\n| [x](javascript:window.struck=1) |\n| ![y](https://tracker.example/t.png) |",
  "| a\"onmouseover=\"window.struck=1 |\n| -:\"onload=\"window.struck=1 |\n| c | d | e | f |",
  "> | a | b |\n> | - | - |\n> | </td></table><script>window.struck=1</script> | `|` \\| |",
];

let world;
let alice;
let token;
let channel;
let nonce = 1;

before(async () => {
  world = await World.start();
  const session = { name: "bob", password: "bob-tries-comity", device_name: "test" };
  ({ token } = await world.globex.ask("POST", "/v1/sessions", session));
  const { channels } = await world.globex.ask("GET", "/v1/channels", undefined, token);
  channel = channels.find((each) => each.with === "alice@acme.test").id;
  alice = await world.page(world.acme);
  await signIn(alice, "alice");
  await openDirect(alice, /bob/);
});

after(() => world?.end());

async function bobSays(text, format = "markdown") {
  const body = { text, format, nonce: String(nonce += 1) };
  await world.globex.ask("POST", `/v1/channels/${channel}/messages`, body, token);
}

test("no payload runs, loads anything, or becomes a link that is not one", async () => {
  const asked = [];
  alice.on("request", (request) => asked.push(request.url()));
  // As many at a time as are drawn together.
  for (let from = 0; from < PAYLOADS.length; from += 8) {
    for (const payload of PAYLOADS.slice(from, from + 8)) await bobSays(payload);
    await bobSays(`the end of ${from}`);
    await message(alice, `the end of ${from}`).waitFor();
    await checkTexts();
  }
  assert.deepEqual(asked.filter((url) => !url.startsWith(world.acme.url)), []);
});

async function checkTexts() {
  const found = await alice.evaluate(() => ({
    struck: "struck" in window,
    elements: [...document.querySelectorAll(".text *")].map((each) => each.localName),
    handlers: [...document.querySelectorAll(".text *")].flatMap((each) =>
      each.getAttributeNames().filter((name) => name.startsWith("on"))),
    links: [...document.querySelectorAll(".text a")].map((each) => each.protocol),
  }));
  assert.equal(found.struck, false);
  assert.deepEqual(found.handlers, []);
  const allowed = ["a", "blockquote", "button", "code", "div", "em", "p", "path", "pre", "span",
    "strong", "svg", "table", "tbody", "td", "th", "thead", "tr"];
  assert.deepEqual([...new Set(found.elements)].filter((each) => !allowed.includes(each)), []);
  assert.deepEqual([...new Set(found.links)].filter((each) => each !== "https:"), []);
}

test("a text of the greatest length is collapsed, and expands", async () => {
  await bobSays(`${"All work and no play. ".repeat(4_545)}`);
  const long = message(alice, "All work and no play.");
  const expand = long.getByRole("button", { name: /^Show all/ });
  await expand.waitFor();
  const shown = await long.locator(".text").textContent();
  assert.ok(shown.length < 5_000, `${shown.length} characters are shown`);
  await expand.click();
  await long.getByRole("button", { name: "Show less" }).waitFor();
  assert.ok((await long.locator(".text").textContent()).length > 99_000);
  await long.getByRole("button", { name: "Show less" }).click();
  await expand.waitFor();
});

test("a word without an end, and signs without an end, stay within the window", async () => {
  const toEnd = alice.getByRole("button", { name: /Jump to the newest|new message/ });
  // It goes by itself too, once the end is in sight.
  await toEnd.evaluateAll(([found]) => found?.click());
  await toEnd.waitFor({ state: "detached" });
  await bobSays("x".repeat(3_000));
  await bobSays(">".repeat(4_000));
  await bobSays(`${"*a **b ".repeat(500)}ends`);
  await bobSays("[".repeat(3_900));
  await bobSays(`${"|".repeat(1_900)}\n${"|-".repeat(1_900)}`);
  await bobSays(`|${"a|".repeat(400)}\n|${"-|".repeat(400)}\n|${"b|".repeat(400)}`);
  await bobSays("|a|\n|-|\n".repeat(500));
  await bobSays("the last of these", "plain");
  await message(alice, "the last of these").waitFor();
  const wide = await alice.evaluate(() => {
    const list = document.querySelector(".virtual");
    return list.scrollWidth - list.clientWidth;
  });
  assert.equal(wide, 0);
  assert.deepEqual(alice.failures, []);
});

test("a table is one, and a wide one scrolls in its place, by keys too", async () => {
  const columns = Array.from({ length: 30 }, (_, at) => `Column ${at}`);
  const row = (cells) => `| ${cells.join(" | ")} |`;
  await bobSays([
    row(columns), row(columns.map((_, at) => (at % 2 ? "--:" : "---"))),
    row(columns.map((_, at) => (at === 1 ? "**12**" : `cell ${at}`))),
  ].join("\n"));
  const table = message(alice, "Column 29").getByRole("group", { name: "Table" });
  await table.getByRole("columnheader", { name: "Column 29" }).waitFor();
  const bold = table.getByRole("cell", { name: "12", exact: true });
  assert.equal(await bold.evaluate((cell) => getComputedStyle(cell).textAlign), "end");
  assert.equal(await bold.locator("strong").count(), 1);
  await table.focus();
  await alice.keyboard.press("ArrowRight");
  await alice.waitForFunction((element) => element.scrollLeft > 0, await table.elementHandle());
  const wide = await alice.evaluate(() => document.body.scrollWidth - innerWidth);
  assert.equal(wide, 0);
  assert.deepEqual(alice.failures, []);
});
