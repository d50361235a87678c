// Each main view, at three widths, in both themes and languages: kept in target/shots/ to be looked
// at, and free of serious findings of axe-core.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { World, shoot, signIn } from "./world.mjs";
import { fill } from "./content.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const SIZES = { phone: [390, 844], tablet: [820, 1180], wide: [1440, 900] };

let world;
let ids;

before(async () => {
  world = await World.start();
  ids = await fill(world);
});

after(() => world?.end());

const views = () => ({
  home: ["/", ".sidebar-section .row"],
  channel: [`/c/${ids.channel}`, ".message"],
  members: [`/c/${ids.channel}?panel=members`, ".member"],
  thread: [`/c/${ids.channel}?panel=thread&thread=${ids.root}`, ".panel .message"],
  channelSettings: [`/c/${ids.channel}?panel=settings`, ".rules"],
  invitation: [`/c/${ids.invitation}`, ".empty"],
  search: ["/search?q=plan", ".found, .empty"],
  mentions: ["/mentions", ".found"],
  groups: ["/groups", ".groups-form"],
  contacts: ["/contacts", ".contacts"],
  settings: ["/settings/appearance", ".sections"],
});

/** What opens in the channel, by what is pressed. */
const opened = {
  accountMenu: ["/", ".sidebar .own", ".menu"],
  newDirect: ["/", ".sidebar-section:last-of-type header .icon-button", ".dialog"],
  profile: ["channel", ".message-sender", ".profile-card"],
  emoji: ["channel", ".composer-box .icon-button:not(.send)", ".emoji-picker"],
};

for (const [language, theme] of ["en", "ko"].flatMap((each) => [[each, "light"], [each, "dark"]])) {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    test(`${size}, ${theme}, ${language}`, async () => {
      const page = await world.page(world.acme, {
        viewport: { width, height }, colorScheme: theme, hasTouch: size === "phone",
        bypassCSP: true, reducedMotion: "reduce",
      });
      const found = [];
      const look = async (name) => {
        await page.evaluate(() => document.fonts.ready);
        await shoot(page, `${name}-${size}-${theme}-${language}`);
        for (const finding of await accessFindings(page)) found.push(`${name}: ${finding}`);
      };
      const speak = async (which) => {
        await page.evaluate((value) => localStorage.setItem("comity:language", value), which);
        await page.reload();
      };
      await speak(language);
      await page.locator("input[type=password]").waitFor();
      await look("signIn");
      await speak("en");
      await signIn(page, "alice");
      await page.locator(".sidebar, .page").first().waitFor();
      await speak(language);
      for (const [name, [path, wanted]] of Object.entries(views())) {
        await page.goto(world.acme.url + path);
        await page.locator(wanted).first().waitFor();
        await look(name);
      }
      for (const [name, [path, press, wanted]] of Object.entries(opened)) {
        await page.goto(world.acme.url + (path === "channel" ? views().channel[0] : path));
        await page.locator(press).last().click();
        await page.locator(wanted).first().waitFor();
        await look(name);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(page.failures, []);
      await page.context().close();
    });
  }
}

test("what stands on accents can be read, also under the pointer", async () => {
  const page = await world.page(world.acme);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    for (const back of ["--accent", "--accent-strong", "--danger"]) {
      const contrast = await page.evaluate(contrastOn, back);
      assert.ok(contrast >= 4.5, `${theme}, ${back}: ${contrast}`);
    }
  }
  await page.context().close();
});

/** Runs in the page: the contrast of texts on a colour, as WCAG 2 counts it. */
function contrastOn(back) {
  const style = getComputedStyle(document.documentElement);
  const [on, under] = ["--on-accent", back].map((name) => {
    const channels = style.getPropertyValue(name).trim().slice(1).match(/../g)
      .map((hex) => parseInt(hex, 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
  });
  return (Math.max(on, under) + 0.05) / (Math.min(on, under) + 0.05);
}

/** What axe-core takes for serious or worse. */
async function accessFindings(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, any }) =>
        `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).join("\n    ")}`);
  });
}
