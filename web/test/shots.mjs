// Looks at every state of the page, in light and dark, on a desk, on a phone and on walls:
// takes a picture, and fails when axe finds something, the page logs an error, breaks its
// policy, is wider than its screen, or shifts while its data comes late. A page goes from
// look to look, with its storage emptied: what a look costs is mostly compiling and warming
// up the page's scripts and axe, which a new context would begin again.
//
//   npm run shots -- <folder> [state …]      needs a Chromium; CHROMIUM names it
//   LOOKS=few      each state once, on a desk in light or a phone in dark by turns, without the long waits; two at a time
//   LOOKS=readme   takes those that README.md shows, as WebP
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { controls, late, listen, tokenFor } from "./mock-server.mjs";

const [few, readme] = ["few", "readme"].map((looks) => process.env.LOOKS === looks);
const patience = 20_000 * Number(process.env.BROWSER_PATIENCE ?? 1);
const [folder = "shots", ...only] = process.argv.slice(2);
const address = await listen();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const screens = { "1080p": [1920, 1080], "1440p": [2560, 1440], "4k": [3840, 2160] };
const walls = Object.fromEntries(Object.entries(screens).map(([name, [width, height]]) => [name, { width, height }]));
const viewports = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const mostShift = 0.01;
const workers = 2; // as CI has processors

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
const cut = (shown) => ({ alone: true, after: (page) => (controls.refuse(), page.waitForSelector(shown)), undo: controls.accept, noisy: true });
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
  tvLost: { path: "b/demo?tv=1", wait: 2500, viewports: walls, ...cut(".tv-lost:not([hidden])") },
  reconnecting: { ...board("demo"), wait: 1000, ...cut(".view.dimmed") },
};
const there = ".view:not([data-stage=loading]), .tv-view:not([data-stage=loading]), a.competition";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
await mkdir(folder, { recursive: true });
let faults = 0;
let looks = 0;

/** A page that has been nowhere yet, and what is kept beside it for the looks. */
async function newPage(device, colorScheme) {
  const mobile = device === "phone";
  const context = await browser.newContext({ colorScheme, locale: "en-GB", timezoneId: "UTC", deviceScaleFactor: mobile ? 2 : 1, hasTouch: mobile, isMobile: mobile });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const tab = { page, cdp: await context.newCDPSession(page), said: [], asked: new Set() };
  page.on("console", (message) => message.type() === "error" && tab.said.push(message.text()));
  page.on("pageerror", (error) => tab.said.push(String(error)));
  page.on("request", (request) => tab.asked.add(request));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => tab.asked.delete(request));
  page.on("websocket", (socket) => { // until its board is there
    tab.asked.add(socket);
    socket.on("framereceived", ({ payload }) => !payload.includes('"connected"') && tab.asked.delete(socket));
    for (const end of ["close", "socketerror"]) socket.on(end, () => tab.asked.delete(socket));
  });
  await page.addInitScript(() => {
    window.shifts = [];
    const of = ({ node, previousRect: a, currentRect: b }) => `${node?.className || node?.nodeName} ${a.x},${a.y} ${a.width}×${a.height} → ${b.x},${b.y} ${b.width}×${b.height}`;
    new PerformanceObserver((list) => list.getEntries().forEach(({ value, sources }) => window.shifts.push({ value, of: sources.map(of) }))).observe({ type: "layout-shift", buffered: true });
  });
  return tab;
}

/** Waits until the page has all that it asked for, and nothing moves that soon comes to an end. */
async function settle({ page, asked }) {
  const begun = Date.now();
  for (let calm = 0; calm < 2; calm = asked.size === 0 ? calm + 1 : 0) {
    if (Date.now() - begun > patience) throw new Error(`still waits for ${[...asked].map((what) => what.url())}`);
    await page.evaluate(async () => {
      const ends = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < 2000);
      await Promise.allSettled(ends.map(({ finished }) => finished));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
  }
}

async function look(tab, name, state, device, viewport, colorScheme) {
  const { page, said } = tab;
  said.length = 0;
  await page.setViewportSize(viewport);
  if (state.noSocket) await page.routeWebSocket(/\/ws\//, () => {});
  await state.before?.(page);
  const token = state.user === undefined ? "" : `${state.hash}${state.hash.includes("?") ? "&" : "?"}token=${tokenFor(state.user)}`;
  await page.goto(`${address}/${state.path ?? token}`);
  await page.waitForSelector(state.is ?? there);
  const wait = (ms) => (few && !state.noSocket ? settle(tab) : pause(ms)); // without sockets, it never has all
  await wait(state.wait ?? 1200);
  const shifts = await page.evaluate(() => window.shifts);
  const shift = shifts.reduce((sum, { value }) => sum + value, 0);
  await state.after?.(page);
  if (state.after) await wait(1200);
  await take(tab, join(folder, `${name}-${device}-${colorScheme}`));
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
  await state.undo?.();
  // The next look begins as the first did, but with scripts that are compiled already.
  await page.evaluate(() => (sessionStorage.clear(), localStorage.clear()));
  await page.goto("about:blank");
  tab.asked.clear();
}

async function take({ cdp }, path) {
  const [format, more] = readme ? ["webp", { quality: 75 }] : ["png", { optimizeForSpeed: true }];
  const { data } = await cdp.send("Page.captureScreenshot", { format, ...more });
  await writeFile(`${path}.${format}`, Buffer.from(data, "base64"));
}

async function violationsOf(page) {
  await page.addScriptTag({ url: "/mock/axe.js" }); // the browser keeps it compiled
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], preload: false }));
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
    const tabs = {};
    for (let next = together.shift(); next; next = together.shift()) await inTab(tabs, next);
    for (const { page } of Object.values(tabs)) await page.context().close();
  };
  await Promise.all(Array.from({ length: few ? workers : 1 }, worker));
  together.push(...queue.filter(([, state]) => state.alone));
  await worker();
}

/** Looks in the tab for the device and the colours, which is there from the look before if that left it usable. */
async function inTab(tabs, next) {
  const [name, state, device, , colorScheme] = next;
  const kind = `${device === "phone"} ${colorScheme}`;
  const tab = (tabs[kind] ??= await newPage(device, colorScheme));
  const reused = await look(tab, ...next).then(() => !state.before, async (error) => {
    faults++;
    console.error(`${name} ${device} ${colorScheme}: ${error}`);
    await state.undo?.();
    return false;
  });
  if (reused) return;
  delete tabs[kind];
  await tab.page.context().close();
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
