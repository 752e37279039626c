// Small things of the page that once were wrong, in a real browser against the mock
// server; see harness.mjs.
import assert from "node:assert/strict";
import { it } from "node:test";
import { control, inBrowser, live, open, phone } from "./harness.mjs";

/** Has the page fail to open any WebSocket. */
const withoutSockets = (page) => page.addInitScript(() => {
  window.attempts = 0;
  window.WebSocket = class extends EventTarget {
    constructor() {
      super();
      window.attempts++;
      setTimeout(() => this.onclose?.({ code: 1006 }), 50);
    }
    send() {}
    close() {}
  };
});

/** Texts of the board that have less contrast than 4.5:1 with their ground, opacity included. */
const hardToRead = (page) => page.evaluate(() => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const element of document.querySelectorAll(".view :is(.name, .number, .step-name, .step-score, .step-gap, .sync, .mark, .medal)")) {
    if (!element.checkVisibility() || element.textContent.trim() === "") continue;
    let opacity = 1;
    let ground;
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      opacity *= Number(style.opacity);
      const [r, g, b, a = 1] = parse(style.backgroundColor);
      if (!ground && a > 0) ground = [r, g, b];
    }
    const color = parse(getComputedStyle(element).color).slice(0, 3).map((c, i) => c * opacity + ground[i] * (1 - opacity));
    const [a, b] = [light(color), light(ground)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`${element.className}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return found;
});

/** Where text is cut, or stands outside of the screen. */
const overruns = (page) => page.evaluate(() => [...document.querySelectorAll(".board :is(.number, .name), .dock :is(.score, .name)")]
  .filter((element) => element.checkVisibility())
  .filter((element) => {
    const box = element.getBoundingClientRect();
    const cell = element.closest("td, th, .dock-row").getBoundingClientRect();
    if (element.matches(".number, .score")) return element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 || box.left < cell.left - 1 || box.right > innerWidth;
    return element.scrollWidth > element.clientWidth + 1 && box.width < 64;
  })
  .map((element) => `${element.className} ${element.textContent} ${Math.round(element.getBoundingClientRect().width)}px`));

inBrowser("details of the page", () => {
  it("says as of when the board is where sockets are blocked, and tries again after each answer", async () => {
    const page = await open("#/c/demo", { prepare: withoutSockets });
    const begun = Date.now();
    await page.waitForSelector(".board tbody tr:not(.skeleton) .name");
    await page.waitForFunction(() => /Board as of/.test(document.querySelector(".notice").textContent));
    const [, said] = (await page.textContent(".notice")).match(/as of (\d\d:\d\d:\d\d)/);
    const day = new Date(begun);
    const [h, m, s] = said.split(":").map(Number);
    assert.ok(day.setHours(h, m, s, 999) >= begun + 2000, `${said} is before the board came`);
    assert.equal(await page.locator(".view.dimmed").count(), 0, "it is new enough");
    const attempts = await page.evaluate(() => window.attempts);
    await page.waitForResponse(/api\/v1\/leaderboard/);
    await page.waitForFunction((before) => window.attempts > before, attempts, { timeout: 2000 });
  });

  it("says at once that the browser is offline, and when it is not any more", async () => {
    const page = await open("#/c/demo");
    await live(page);
    await page.evaluate(() => {
      Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
      WebSocket.prototype.send = () => {}; // nothing goes out any more
      dispatchEvent(new Event("offline"));
    });
    await page.waitForSelector(".connection[data-kind=reconnecting]", { timeout: 2500 });
    await page.waitForFunction(() => document.querySelector(".notice").textContent !== "", undefined, { timeout: 2500 });
    assert.match(await page.textContent(".notice"), /You are offline/);
    await page.evaluate(() => {
      Object.defineProperty(navigator, "onLine", { value: true });
      dispatchEvent(new Event("online"));
    });
    await live(page);
    await page.waitForFunction(() => document.querySelector(".notice").textContent === "");
  });

  it("has medals in figures of any script", async () => {
    const page = await open("#/c/demo", { locale: "ar-EG" });
    await live(page);
    assert.deepEqual(await page.locator(".board .medal").evaluateAll((all) => all.map(({ dataset }) => dataset.place).filter(Boolean)), ["1", "2", "3"]);
    assert.match(await page.locator(".board .medal").first().textContent(), /[١1]/);
  });

  it("can be read while it may be old", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open("#/c/demo", { colorScheme });
      await live(page);
      await control("refuse");
      await page.waitForSelector(".view.dimmed");
      const found = await hardToRead(page);
      await control("accept");
      assert.deepEqual(found, [], colorScheme);
    }
  });

  it("keeps the focus when it jumps to the viewer's row", async () => {
    const page = await open("#/c/demo");
    await live(page);
    await page.locator(".dock").waitFor({ state: "visible" });
    await page.locator(".dock").focus();
    await page.keyboard.press("Enter");
    await page.locator(".dock").waitFor({ state: "hidden" });
    assert.ok(await page.evaluate(() => document.activeElement.matches("tr.own")));
  });

  it("has room for 9 digits on a phone", async () => {
    for (const width of [320, 390]) {
      const page = await open("#/c/huge", { ...phone, viewport: { width, height: 844 } });
      await live(page);
      await page.locator(".dock").waitFor({ state: "visible" });
      assert.deepEqual(await overruns(page), [], `${width} px`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    }
  });

  it("prints the board alone, black on white", async () => {
    const page = await open("#/c/demo", { colorScheme: "dark" });
    await live(page);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    for (const gone of [".bar", ".dock", ".toolbar", ".foot", ".chart"]) assert.ok(await page.locator(gone).isHidden(), gone);
    assert.ok(await page.locator(".board .name").first().isVisible());
    const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector(".board .name")).color]);
    assert.deepEqual(colours, ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  });
});

inBrowser("the page in a browser with type of 24 px", () => {
  it("shows names on a phone", async () => {
    for (const width of [320, 390]) {
      const page = await open("#/c/demo", { ...phone, isMobile: false, viewport: { width, height: 844 } });
      await live(page);
      assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), "24px");
      assert.deepEqual(await overruns(page), [], `${width} px`);
      const wide = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px: it scrolls sideways, with ${wide}`);
    }
  });
}, ["--blink-settings=defaultFontSize=24"]);
