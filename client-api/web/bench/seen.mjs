// When something is on the screen, by the page's own clock.

/**
 * For `page.addInitScript` and `page.evaluate`: from now on `window.seen` is a promise of the time
 * when an element with this text, inside the window, has been painted.
 */
export function watch({ selector, text }) {
  const isSeen = (element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return element.textContent.includes(text) && height > 0 && bottom > 0 && top < innerHeight;
  };
  window.seen = new Promise((resolve) => {
    const look = () => {
      if (![...document.querySelectorAll(selector)].some(isSeen)) {
        return requestAnimationFrame(look);
      }
      // What this frame shows is painted when the next task runs.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(performance.now());
      port2.postMessage(0);
    };
    requestAnimationFrame(look);
  });
}

/** Milliseconds from the press of the mouse on an element until something is seen. */
export async function fromClick(page, target, wanted) {
  await page.evaluate(watch, wanted);
  await page.evaluate(() => {
    addEventListener("pointerdown", ({ timeStamp }) => (window.pressed = timeStamp),
      { capture: true, once: true });
  });
  await target.click();
  return page.evaluate(async () => await window.seen - window.pressed);
}

/** Milliseconds from the beginning of a load in a new tab until something is seen. */
export async function fromLoad(context, url, wanted) {
  const page = await context.newPage();
  await page.addInitScript(watch, wanted);
  await page.goto(url, { waitUntil: "commit" });
  const took = await page.evaluate(() => window.seen);
  await page.close();
  return took;
}

/** The same for a page of the node of a few words, which no service worker answers: a floor. */
export function fromLoadOfFew(context, site) {
  return fromLoad(context, `${site.url}/.well-known/comity`, { selector: "body", text: "acme" });
}
