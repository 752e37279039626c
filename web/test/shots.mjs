// Takes a picture of every state of the page, in light and dark, on a desk and
// on a phone, and fails when the page logs an error, breaks its policy or shifts.
//
//   npm run shots -- <folder> [state …]      needs a Chromium; CHROMIUM names it
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { listen, tokenFor } from "./mock-server.mjs";

const [folder = "shots", ...only] = process.argv.slice(2);
const address = await listen();
const post = (name) => fetch(`${address}/mock/${name}`, { method: "POST" });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const screens = { "1080p": [1920, 1080], "1440p": [2560, 1440], "4k": [3840, 2160] };
const walls = Object.fromEntries(Object.entries(screens).map(([name, [width, height]]) => [name, { width, height }]));
const viewports = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

// Each: the fragment, the viewer, and what happens before the picture. `replaces`: something else comes in the place of the skeleton; `noisy`:
// the browser reports the refusals.
const board = (id, user = "u14") => ({ hash: `#/c/${id}`, user });
const states = {
  list: { hash: "#/", user: "u14" },
  invited: { hash: "#/", user: "guest" },
  code: { hash: "#/", user: "u14", after: (page) => page.click("text=Join with a code").then(() => page.fill("#join-code", "4X7GTN2QWE")).then(() => page.click("text=Go on")) },
  signin: { hash: "#/", user: undefined },
  loading: { ...board("demo"), before: (page) => page.route("**/api/**", () => {}), wait: 300, noSocket: true },
  live: { ...board("demo"), wait: 5000 },
  chart: { ...board("demo"), wait: 9000, after: (page) => page.evaluate(() => scrollTo(0, document.body.scrollHeight)) },
  docked: { ...board("demo", "u25"), wait: 1500 },
  outside: { ...board("demo", "0198c5e2-0214"), wait: 1500 },
  dockedTop: { ...board("demo", "u3"), wait: 1500, after: (page) => page.evaluate(() => scrollTo(0, 1100)) },
  why: { ...board("demo", "u25"), wait: 1500, after: (page) => page.click("text=Why this score?") },
  outsider: { ...board("finalizing", "nobody"), wait: 1500 },
  joining: { ...board("demo", "nobody"), wait: 1500, after: (page) => page.click(".athlete .button") },
  rules: { ...board("demo"), wait: 1500, after: (page) => page.evaluate(() => document.querySelector(".rules-card").scrollIntoView()) },
  finder: { ...board("demo"), wait: 1500, after: (page) => page.fill(".finder input", "ana") },
  few: { ...board("few", "u2"), wait: 4000, replaces: true },
  empty: { ...board("empty"), replaces: true },
  upcoming: { ...board("upcoming", "u3"), replaces: true },
  finalizing: board("finalizing", "u3"),
  completed: board("completed", "u5"),
  settled: board("settled", "u2"),
  cancelled: { ...board("cancelled"), replaces: true },
  noaccess: { ...board("members"), replaces: true, noisy: true },
  notfound: { ...board("nothing-here"), replaces: true, noisy: true },
  degraded: { ...board("demo"), before: () => post("degraded"), undo: () => post("healthy") },
  spectator: { path: "b/demo", wait: 4000 },
  share: { path: "b/demo", wait: 1500, after: (page) => page.click(".share") },
  embed: { path: "b/few?embed=1", wait: 2500, replaces: true },
  linkEnded: { path: "b/gone", noisy: true },
  walls: { ...board("demo"), wait: 4000, viewports: walls },
  tv: { path: "b/demo?tv=1", wait: 4000, viewports: walls, replaces: true },
  tvFew: { path: "b/few?tv=1", wait: 2500, viewports: walls, replaces: true },
  tvUpcoming: { path: "b/upcoming?tv=1", wait: 2500, viewports: walls, replaces: true },
  tvSettled: { path: "b/settled?tv=1", wait: 2500, viewports: walls, replaces: true },
  tvLong: { path: "b/long?tv=1", wait: 2500, viewports: walls, replaces: true },
  tvHuge: { path: "b/huge?tv=1", wait: 2500, viewports: walls, replaces: true },
  tvLost: { path: "b/demo?tv=1", wait: 2500, viewports: walls, replaces: true, after: () => post("refuse").then(() => pause(7500)), undo: () => post("accept"), noisy: true },
  reconnecting: { ...board("demo"), wait: 1000, after: () => post("refuse").then(() => pause(3500)), undo: () => post("accept"), noisy: true },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
await mkdir(folder, { recursive: true });
let faults = 0;

for (const [name, state] of Object.entries(states)) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const [device, viewport] of Object.entries(state.viewports ?? viewports)) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, colorScheme, locale: "en-GB", deviceScaleFactor: device === "phone" ? 2 : 1, hasTouch: device === "phone", isMobile: device === "phone" });
      const page = await context.newPage();
      const said = [];
      page.on("console", (message) => message.type() === "error" && said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      if (state.noSocket) await page.routeWebSocket(/\/ws\//, () => {});
      await page.addInitScript(() => {
        window.shift = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({ type: "layout-shift", buffered: true });
      });
      await state.before?.(page);
      const token = state.user === undefined ? "" : `${state.hash === "#/" ? "#/?" : `${state.hash}?`}token=${tokenFor(state.user)}`;
      await page.goto(`${address}/${state.path ?? token}`);
      await pause(state.wait ?? 1200);
      const shift = await page.evaluate(() => window.shift);
      await state.after?.(page);
      if (state.after) await pause(1200);
      await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`) });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      const leak = await page.evaluate(() => location.href.includes("token="));
      const expected = /status of 40[34]|ERR_EMPTY_RESPONSE|WebSocket connection/;
      const errors = said.filter((text) => !(state.noisy && expected.test(text)));
      if (errors.length > 0 || wide || leak || (shift > 0.01 && !state.replaces)) {
        faults++;
        console.error(`${name} ${device} ${colorScheme}:`, { errors, wide, leak, shift });
      }
      await context.close();
      await state.undo?.();
    }
  }
}
await browser.close();
console.log(faults === 0 ? `pictures are in ${folder}` : `${faults} with faults`);
process.exit(faults === 0 ? 0 : 1);
