// Measures what a board of 100 costs the browser's main thread while 50 syncs arrive
// in a second, on a processor with a quarter of this one's speed: node test/pace.mjs [SECONDS]
// What counts is the thread's own time, which other load on the machine leaves alone,
// times four. The browser's own throttling would not do: it lets the thread spin, and
// that is in the thread's time, more or less of it as the load of the machine is.
import { chromium } from "playwright-core";
import { listen, tokenFor } from "./mock-server.mjs";

const seconds = Number(process.argv[2] ?? 15);
const slower = 4;
const address = await listen();
const control = (name) => fetch(`${address}/mock/${name}`, { method: "POST" });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const cdp = await page.context().newCDPSession(page);
await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
await control("pause");
await page.goto(`${address}/#/c/demo?top=100&token=${tokenFor("u14")}`);
await page.waitForSelector(".connection[data-kind=live]");
const syncs = setInterval(() => void control("sync"), 20);
await page.waitForTimeout(2000);

const metrics = async () => Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
const [before, begun] = [await metrics(), performance.now()];
await page.waitForTimeout(seconds * 1000);
const [after, took] = [await metrics(), (performance.now() - begun) / 1000];
clearInterval(syncs);
const share = (name) => `${((slower * 100 * (after[name] - before[name])) / took).toFixed(1)} %`;
console.log(`main thread  ${share("TaskDuration")}: layout ${share("LayoutDuration")}, style ${share("RecalcStyleDuration")}, script ${share("ScriptDuration")}`);
console.log(`layouts      ${((after.LayoutCount - before.LayoutCount) / took).toFixed(0)} a second`);
await browser.close();
process.exit();
