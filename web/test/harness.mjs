// What the browser's tests share: a Chromium, the mock server, and pages on it. Without
// a Chromium (CHROMIUM names it) the tests say so and are skipped; with CI=true that is
// a failure.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, afterEach, before, describe } from "node:test";
import { chromium } from "playwright-core";
import { listen, tokenFor } from "./mock-server.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const missing = !existsSync(executablePath);
if (missing) console.error(`NOT TESTED in a browser: there is no ${executablePath}`);

let address;
let browser;

/** Has the mock server do something; see its controls. */
export const control = (name) => fetch(`${address}/mock/${name}`, { method: "POST" });

/** A page on a fragment, signed in as u14, with everything that it complained of. */
export async function open(fragment, { prepare, ...options } = {}) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => /Content Security|Refused/.test(message.text()) && page.complaints.push(message.text()));
  page.on("dialog", (dialog) => {
    page.complaints.push("a name was run as a script");
    void dialog.dismiss();
  });
  await prepare?.(page);
  await page.goto(`${address}/${fragment}${fragment.includes("?") ? "&" : "?"}token=${tokenFor("u14")}`);
  return page;
}

export const live = (page) => page.waitForSelector(".connection[data-kind=live]");

/** A phone, upright. */
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** Tests with a browser of their own, which is started with some arguments more. BROWSER_PATIENCE multiplies the time that they may take, for slow machines. */
export function inBrowser(name, tests, args = []) {
  const patience = Number(process.env.BROWSER_PATIENCE ?? 1);
  describe(name, { skip: missing && process.env.CI !== "true", timeout: 120_000 * patience }, () => {
    before(async () => {
      assert.ok(!missing, `there is no ${executablePath}`);
      address ??= await listen();
      browser = await chromium.launch({
        executablePath,
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...args],
      });
      await control("pause");
    });
    after(() => browser?.close());
    afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
    tests();
  });
}

after(() => setImmediate(() => process.exit())); // the mock server listens for ever
