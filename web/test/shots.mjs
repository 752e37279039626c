// Looks at every state of the page, in light and dark, on a desk, on a phone and on walls:
// takes a picture, and fails when axe finds something, the page logs an error, breaks its
// policy, is wider than its screen, or shifts while its data comes late.
//
//   npm run shots -- <folder> [state …]      needs a Chromium; CHROMIUM names it
//   LOOKS=few      each state once, on a desk in light or a phone in dark by turns, without the long waits; three at a time
//   LOOKS=readme   takes those that README.md shows, as WebP
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { controls, late, listen, tokenFor } from "./mock-server.mjs";

const [few, readme] = ["few", "readme"].map((looks) => process.env.LOOKS === looks);
const patience = 20_000 * Number(process.env.BROWSER_PATIENCE ?? 1);
const [folder = "shots", ...only] = process.argv.slice(2);
const address = await listen();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const screens = { "1080p": [1920, 1080], "1440p": [2560, 1440], "4k": [3840, 2160] };
const walls = Object.fromEntries(Object.entries(screens).map(([name, [width, height]]) => [name, { width, height }]));
const viewports = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const mostShift = 0.01;

// Each: the fragment, the viewer, and what happens before the picture. `noisy`: the
// browser reports the refusals. `alone`: it changes what all others see. `is`: what shows
// that the state is there. `again`: one more picture
// of what other states show in other words or places.
const board = (id, user = "u14") => ({ hash: `#/c/${id}`, user });
const tryCode = async (page, code) => {
  await page.click("text=Join with a code");
  await page.fill("#join-code", code);
  await page.click("text=Go on");
};
const cut = (ms) => ({ alone: true, after: () => (controls.refuse(), pause(ms)), undo: controls.accept, noisy: true });
const states = {
  list: { hash: "#/", user: "u14" },
  invited: { hash: "#/", user: "guest" },
  declining: { hash: "#/", user: "guest", after: (page) => page.click("[aria-label^='Decline The great']") },
  offered: { hash: "#/", user: "guest", after: (page) => page.click("[aria-label^='See and join The great']") },
  code: { hash: "#/", user: "u14", after: (page) => tryCode(page, "4X7GTN2QWE") },
  codeWrong: { hash: "#/", user: "u14", noisy: true, after: (page) => tryCode(page, "0000000000") },
  switching: { hash: "#/", user: "u14", after: (page) => page.evaluate((token) => (location.hash = `#/?token=${token}`), tokenFor("guest")) },
  past: { hash: "#/past", user: "u14", again: true },
  nothingFound: { hash: "#/past?search=nothing", user: "u14", is: ".found .message" },
  signin: { hash: "#/", user: undefined, is: "form" },
  loading: { ...board("demo"), before: (page) => page.route("**/api/**", () => {}), is: ".standings > .board .skeleton", noSocket: true },
  live: { ...board("demo"), wait: 5000 },
  chart: { ...board("demo"), again: true, wait: 9000, after: (page) => page.evaluate(() => scrollTo(0, document.body.scrollHeight)) },
  docked: { ...board("demo", "u25"), again: true, wait: 1500 },
  outside: { ...board("demo", "0198c5e2-0214"), wait: 1500 },
  dockedTop: { ...board("demo", "u3"), again: true, wait: 1500, after: (page) => page.evaluate(() => scrollTo(0, 1100)) },
  why: { ...board("demo", "u25"), wait: 1500, after: (page) => page.click("text=Why this score?") },
  outsider: { ...board("finalizing", "nobody"), again: true, wait: 1500 },
  joining: { ...board("demo", "nobody"), wait: 1500, after: (page) => page.click(".athlete .button") },
  leaving: { ...board("few", "u2"), wait: 1500, after: (page) => page.click("text=Leave") },
  rules: { ...board("demo"), wait: 1500, after: (page) => page.evaluate(() => document.querySelector(".rules-card").scrollIntoView()) },
  finder: { ...board("demo"), wait: 1500, after: (page) => page.fill(".finder input", "ana") },
  few: { ...board("few", "u2"), wait: 4000 },
  empty: board("empty"),
  zero: board("zero", "u3"),
  tie: { ...board("tie", "u2"), again: true },
  long: board("long", "u13"),
  huge: board("huge"),
  upcoming: board("upcoming", "u3"),
  finalizing: board("finalizing", "u3"),
  completed: { ...board("completed", "u5"), again: true },
  settled: board("settled", "u2"),
  cancelled: board("cancelled"),
  noaccess: { ...board("members"), again: true, is: ".message", noisy: true },
  notfound: { ...board("nothing-here"), is: ".message", noisy: true },
  spectator: { path: "b/demo", wait: 4000 },
  share: { path: "b/demo", wait: 1500, after: (page) => page.click(".share") },
  embed: { path: "b/few?embed=1", wait: 2500 },
  linkEnded: { path: "b/gone", is: ".message", noisy: true },
  walls: { ...board("demo"), wait: 4000, viewports: walls },
  tv: { path: "b/demo?tv=1", wait: 4000, viewports: walls },
  tvFew: { path: "b/few?tv=1", wait: 2500, viewports: walls },
  tvUpcoming: { path: "b/upcoming?tv=1", wait: 2500, viewports: walls },
  tvSettled: { path: "b/settled?tv=1", wait: 2500, viewports: walls },
  tvLong: { path: "b/long?tv=1", wait: 2500, viewports: walls },
  tvHuge: { path: "b/huge?tv=1", wait: 2500, viewports: walls },
  degraded: { ...board("demo"), alone: true, before: controls.degraded, undo: controls.healthy },
  tvLost: { path: "b/demo?tv=1", wait: 2500, viewports: walls, ...cut(7500) },
  reconnecting: { ...board("demo"), wait: 1000, ...cut(3500) },
};
const there = ".view:not([data-stage=loading]), .tv-view:not([data-stage=loading]), a.competition";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
await mkdir(folder, { recursive: true });
let faults = 0;
let looks = 0;

async function look(name, state, device, viewport, colorScheme) {
  const mobile = device === "phone";
  const context = await browser.newContext({ viewport, colorScheme, locale: "en-GB", timezoneId: "UTC", deviceScaleFactor: mobile ? 2 : 1, hasTouch: mobile, isMobile: mobile });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  if (state.noSocket) await page.routeWebSocket(/\/ws\//, () => {});
  await page.addInitScript(() => {
    window.shifts = [];
    const of = ({ node, previousRect: a, currentRect: b }) => `${node?.className || node?.nodeName} ${a.x},${a.y} ${a.width}×${a.height} → ${b.x},${b.y} ${b.width}×${b.height}`;
    new PerformanceObserver((list) => list.getEntries().forEach(({ value, sources }) => window.shifts.push({ value, of: sources.map(of) }))).observe({ type: "layout-shift", buffered: true });
  });
  await state.before?.(page);
  const token = state.user === undefined ? "" : `${state.hash}${state.hash.includes("?") ? "&" : "?"}token=${tokenFor(state.user)}`;
  await page.goto(`${address}/${state.path ?? token}`);
  await page.waitForSelector(state.is ?? there);
  await pause(few ? 400 : (state.wait ?? 1200));
  const shifts = await page.evaluate(() => window.shifts);
  const shift = shifts.reduce((sum, { value }) => sum + value, 0);
  await state.after?.(page);
  if (state.after) await pause(few ? 500 : 1200);
  await take(page, join(folder, `${name}-${device}-${colorScheme}`));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  const leak = await page.evaluate(() => location.href.includes("token="));
  const expected = /status of 40[34]|ERR_EMPTY_RESPONSE|WebSocket connection/;
  const errors = said.filter((text) => !(state.noisy && expected.test(text)));
  const violations = await violationsOf(page);
  looks++;
  if (errors.length > 0 || wide || leak || shift > mostShift || violations.length > 0) {
    faults++;
    console.error(`${name} ${device} ${colorScheme}: ${JSON.stringify({ errors, wide, leak, shift, ...(shift > mostShift && { shifts }), violations }, null, 1)}`);
  }
  await context.close();
  await state.undo?.();
}

async function take(page, path) {
  if (!readme) return page.screenshot({ path: `${path}.png` });
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send("Page.captureScreenshot", { format: "webp", quality: 75 });
  await writeFile(`${path}.webp`, Buffer.from(data, "base64"));
}

async function violationsOf(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
}

/** Goes through the states, several at a time but for those that are alone, with data that comes late in some order. */
async function lookAll(theirs, schemes, [answers, boards]) {
  Object.assign(late, { answers, boards });
  const queue = [];
  for (const [i, [name, state]] of Object.entries(states).entries()) {
    if (only.length > 0 ? !only.includes(name) : few && state.again) continue;
    for (const [device, viewport] of Object.entries(state.viewports ?? viewports)) {
      if (few && !state.viewports && (device === "phone") !== (i % 2 === 1)) continue;
      if (theirs.includes(device)) for (const scheme of schemes) queue.push([name, state, device, viewport, scheme]);
    }
  }
  const together = queue.filter(([, state]) => !state.alone);
  const worker = async () => {
    for (let next = together.shift(); next; next = together.shift()) await look(...next);
  };
  await Promise.all(Array.from({ length: few ? 3 : 1 }, worker));
  for (const next of queue) if (next[1].alone) await look(...next);
}

const begun = Date.now();
if (readme) {
  only.push("live");
  await lookAll(["desktop", "phone"], ["light", "dark"], [0, 0]);
} else if (few) {
  await lookAll(["desktop", "1080p"], ["light"], [300, 700]);
  await lookAll(["phone"], ["dark"], [700, 300]);
} else await lookAll(["desktop", "phone", ...Object.keys(walls)], ["light", "dark"], [500, 500]);
await browser.close();
console.log(`${looks} looks in ${Math.round((Date.now() - begun) / 1000)} s; ${faults === 0 ? `pictures are in ${folder}` : `${faults} with faults`}`);
process.exit(faults === 0 ? 0 : 1);
