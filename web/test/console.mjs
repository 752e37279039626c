// Drives the console in a real Chromium against a real server, and looks at every state
// with axe. TestBrowserRunsACompetitionInTheConsole in cmd/paceboard starts the server.
//
//   PACEBOARD_URL=… OPERATOR_TOKEN=… CREATOR_TOKEN=… VIEWER_TOKEN=… node test/console.mjs
//   SHOTS=folder   takes a picture of every state
//   LOOKS=all      looks at each on a desk and on a phone, light and dark
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const { PACEBOARD_URL: url, OPERATOR_TOKEN, CREATOR_TOKEN, VIEWER_TOKEN, SHOTS: shots, LOOKS } = process.env;
const patience = 20_000 * Number(process.env.BROWSER_PATIENCE ?? 1);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 900 };
if (shots) await mkdir(shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"],
});
const complaints = [];

async function open(token) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", viewport: desk });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.expected = []; // refusals that are meant to be
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const refused = /status of (4\d\d)/.exec(message.text())?.[1];
    if (refused !== undefined && page.expected.includes(refused)) return;
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== url && protocol !== "data:" && protocol !== "blob:") complaints.push(`a request to ${request.url()}`);
  });
  if (token) await page.goto(`${url}/#/?token=${token}`);
  return page;
}

async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], preload: false }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
}

/** Looks at a state: no violation, nothing wider than the screen. */
async function state(page, name) {
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
  const all = LOOKS === "all";
  const looks = all ? ["desk", "phone"].flatMap((device) => ["light", "dark"].map((colorScheme) => [device, colorScheme])) : [["desk", "light"]];
  for (const [device, colorScheme] of looks) {
    if (all) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(device === "phone" ? phone : desk);
    }
    if (shots) await page.screenshot({ path: join(shots, `console-${name}-${device}-${colorScheme}.png`) });
    assert.deepEqual(await violations(page), [], `axe in ${name}, ${device}, ${colorScheme}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${name} is too wide on a ${device}`);
  }
  if (all) {
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(desk);
  }
}

const call = async (token, method, path, body) => {
  const response = await fetch(url + path, { method, headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, ...(body && { body: JSON.stringify(body) }) });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.data ?? answer;
};

const go = (page, place) => page.goto(`${url}/console#/${place}`);
const inPanel = (page, selector) => page.locator(`dialog.side ${selector}`);
const done = (page, text) => page.locator(".outcome-line", { hasText: text }).waitFor();
const local = (ms) => new Date(ms).toISOString().slice(0, 19);

async function confirm(page, label, values = {}) {
  for (const [name, value] of Object.entries(values)) await inPanel(page, `[name=${name}]`).fill(value);
  await inPanel(page, "button[type=submit]").click();
  await done(page, label);
}

async function create(page, values) {
  await page.getByRole("link", { name: "New competition" }).click();
  for (const [name, value] of Object.entries(values)) await page.locator(`main [name=${name}]`).fill(value);
}

// Nobody.
const nobody = await open();
await nobody.goto(`${url}/console`);
await nobody.getByRole("heading", { name: "Sign in" }).waitFor();
await state(nobody, "signed-out");
await nobody.context().close();

// A creator makes a competition, and invites.
const creator = await open(CREATOR_TOKEN);
await go(creator, "");
await creator.getByText("You have made no competition yet.").waitFor();
await state(creator, "empty");
await create(creator, { name: "Office walk", start_date: local(Date.now() - 86_400_000), end_date: local(Date.now() + 30 * 86_400_000), time_zone: "UTC" });
assert.match(await creator.locator(".preview").innerText(), /1 point for each step\.[\s\S]*Anybody can join[\s\S]*There are no prizes\./);
await state(creator, "new");
await creator.locator("main [name=name]").fill("");
await creator.getByRole("button", { name: "Create" }).click();
await creator.getByText("Must be filled in.").waitFor();
await state(creator, "new-wrong");
await creator.locator("main [name=name]").fill("Office walk");
await creator.getByRole("button", { name: "Create" }).click();
await done(creator, "Office walk is there.");
await creator.locator(".tabs .tab", { hasText: "Invitations" }).waitFor();
assert.deepEqual(await creator.locator(".tabs .tab").allInnerTexts(), ["Rules", "People", "Invitations", "Links"]);
assert.deepEqual(await creator.locator(".sections .section").allInnerTexts(), ["Competitions", "Webhooks"]);
await creator.getByRole("link", { name: "Invitations" }).click();
await creator.getByRole("button", { name: "Make a join code…" }).click();
await state(creator, "panel-code");
await confirm(creator, "A join code for Office walk");
const code = await creator.locator(".secret").inputValue();
assert.match(code, /^[0-9A-Z]{10}$/);
await state(creator, "code");
await creator.getByRole("button", { name: "Invite people…" }).click();
await confirm(creator, "2 people are invited", { user_ids: "zoe, yan" });
await creator.locator("tbody th", { hasText: "yan" }).waitFor();
await state(creator, "invitations");
assert.deepEqual(await creator.locator(".part-body > .table tbody th").allInnerTexts(), ["zoe", "yan"]);
await creator.getByRole("button", { name: "Withdraw… yan" }).click();
await confirm(creator, "is withdrawn");
await creator.locator("tr", { hasText: "Withdrawn" }).waitFor();

// A link to its board, which somebody without an account follows, until it is revoked.
await creator.getByRole("link", { name: "Links" }).click();
await creator.getByText("The board has no links.").waitFor();
await creator.getByRole("button", { name: "Make a link…" }).click();
await state(creator, "panel-link");
await confirm(creator, "The board of Office walk has a link.");
await creator.locator(".link-code svg").waitFor();
await creator.locator("tbody tr", { hasText: "Initials" }).waitFor();
await state(creator, "links");
const address = await creator.getByLabel("For people").inputValue();
assert.match(address, new RegExp(`^${url}/b/[A-Z2-7]{26}$`));
assert.equal(await creator.getByLabel("For a screen on a wall").inputValue(), `${address}?tv=1`);
assert.ok((await creator.getByLabel(/For a site/).inputValue()).startsWith(`<iframe src="${address}?embed=1" `));
const spectator = await open();
await spectator.goto(address);
await spectator.locator(".connection[data-kind=live]").waitFor();
await creator.reload();
await creator.locator("tbody tr", { hasText: "Initials" }).waitFor();
assert.ok(!(await creator.content()).includes(address), "it is shown once");
const member = await open(VIEWER_TOKEN);
await member.goto(`${url}/#/c/${await creator.evaluate(() => location.hash.split("/")[2])}`);
await member.locator(".rules-card dd", { hasText: /^Everybody who has its link sees this board: with initials until / }).waitFor();
assert.equal(await member.getByRole("link", { name: "Open in the console" }).count(), 0);
await member.context().close();
spectator.expected.push("401");
await creator.getByRole("button", { name: "Revoke… the link" }).click();
await confirm(creator, "The link is revoked.");
await creator.getByText("The board has no links.").waitFor();
await spectator.getByText("This link has ended").waitFor();
await spectator.context().close();

await creator.getByRole("link", { name: "Rules" }).click();
await creator.getByRole("link", { name: "Edit" }).click();
await creator.locator("main [name=description]").fill("Walk to lunch.");
await creator.getByRole("button", { name: "Save" }).click();
await done(creator, "Office walk is saved.");
await creator.getByText("Walk to lunch.").waitFor();
await go(creator, "audit");
await creator.getByRole("heading", { name: "For operators" }).waitFor();
await creator.context().close();

// An operator runs one with prizes.
const operator = await open(OPERATOR_TOKEN);
await operator.locator(".console-way", { hasText: "Console" }).click();
await operator.locator("tbody a", { hasText: "Office walk" }).waitFor();
await state(operator, "competitions");
const end = Date.now() + 3_600_000;
await create(operator, { name: "City sprint", id: "sprint", start_date: local(end - 3 * 86_400_000), end_date: local(end), time_zone: "UTC", late_sync_hours: "0", currency: "EUR", prize_pool: "100", prize_split: "50, 30, 20" });
assert.match(await operator.locator(".preview").innerText(), /€100\.00 in prizes: €50\.00 for place 1, €30\.00 for place 2, €20\.00 for place 3/);
await operator.getByRole("button", { name: "Create" }).click();
await done(operator, "City sprint is there.");
const day = local(end - 2 * 86_400_000).slice(0, 10);
const people = ["ada", "bruno", "chiara", "dmitri"];
const synced = await call(OPERATOR_TOKEN, "POST", "/api/v1/fitness/sync/batch", { syncs: people.map((user_id, i) => ({ user_id, competition_id: "sprint", steps: 40_000 - 9_000 * i, date: day })) });
assert.ok(!JSON.stringify(synced).includes('"code"'), JSON.stringify(synced));
await operator.getByRole("link", { name: "Invitations" }).click();
await operator.getByRole("button", { name: "Invite people…" }).click();
await confirm(operator, "1 person is invited to City sprint", { user_ids: "elif" });
await operator.locator(".tabs").getByRole("link", { name: "People" }).click();
await operator.locator("tbody tr", { hasText: "dmitri" }).waitFor();
await operator.getByRole("button", { name: "Exclude… ada" }).click();
await inPanel(operator, "button[type=submit]").click();
await operator.getByText("Must be filled in.").waitFor();
await state(operator, "panel-exclude");
await confirm(operator, "ada is excluded", { reason: "The route is that of a train." });
await operator.waitForFunction(() => document.querySelectorAll("tbody tr").length === 3);
await operator.locator(".tabs").getByRole("link", { name: "Excluded" }).click();
await operator.getByText("The route is that of a train.").waitFor();
await state(operator, "excluded");
await operator.getByRole("button", { name: "Restore… ada" }).click();
await confirm(operator, "ada is on the board of City sprint again", { reason: "It was a relay." });
await operator.getByText("Nobody is excluded.").waitFor();

// Keys: the second row of the people, its days, a correction and back.
await operator.locator(".tabs").getByRole("link", { name: "People" }).click();
await operator.locator("tbody tr", { hasText: "dmitri" }).waitFor();
await operator.locator("main").focus();
for (const key of ["j", "j", "k"]) await operator.keyboard.press(key);
assert.match(await operator.evaluate(() => document.activeElement.innerText), /^ada\b/);
await operator.keyboard.press("/");
assert.equal(await operator.evaluate(() => document.activeElement.name), "search");
await operator.keyboard.type("BRU");
await operator.keyboard.press("Enter");
await operator.waitForFunction(() => document.querySelectorAll("tbody tr:not(.skeleton)").length === 1);
assert.match(await operator.locator("tbody tr").innerText(), /^bruno/);
await state(operator, "people-found");
await operator.locator("[name=search]").fill("nobody");
await operator.getByRole("button", { name: "Show" }).click();
await operator.getByText("Nobody who takes part is called “nobody”.").waitFor();
await operator.locator("[name=user]").fill("bruno");
await operator.keyboard.press("Enter");
await operator.getByRole("button", { name: `Correct… ${day}` }).click();
await confirm(operator, "of bruno is corrected", { steps: "4000", reason: "A bus." });
await operator.getByText("Corrected: A bus.").waitFor();
await state(operator, "person");
await operator.getByRole("button", { name: "Take it back…" }).click();
await confirm(operator, "counts for its reports again", { reason: "The route was shown." });
await operator.locator(".tabs").getByRole("link", { name: "Flags" }).click();
await operator.getByText("No day looks odd.").waitFor();
const today = local(Date.now()).slice(0, 10);
for (const steps of [500, 20_500]) await call(OPERATOR_TOKEN, "POST", "/api/v1/fitness/sync", { user_id: "chiara", competition_id: "sprint", steps, date: today });
await operator.reload();
const flagged = operator.locator("tbody tr", { hasText: "chiara" });
await flagged.getByText(/Grew by 20,000 steps in .* is not humanly possible/).waitFor();
await state(operator, "flags");
await operator.getByRole("button", { name: "Exclude… chiara" }).click();
await confirm(operator, "chiara is excluded", { reason: "The watch sat on a dog." });
await operator.getByRole("button", { name: "Restore… chiara" }).click();
await confirm(operator, "chiara is on the board of City sprint again", { reason: "The dog was at home." });
await operator.getByRole("button", { name: "Exclude… chiara" }).waitFor();

// Prizes, once it is completed.
await call(OPERATOR_TOKEN, "POST", "/api/v1/competitions/sprint/amendments", { end_date: new Date(Date.now() + 1_000).toISOString(), reason: "All have arrived." });
for (let tries = 0; (await call(OPERATOR_TOKEN, "GET", "/api/v1/competitions/sprint")).status !== "completed"; tries++) {
  assert.ok(tries < 100, "the competition is not completed");
  await new Promise((resolve) => setTimeout(resolve, 100));
}
await operator.locator(".tabs").getByRole("link", { name: "Prizes" }).click();
await operator.getByText("The standings are final. Look").waitFor();
await operator.getByRole("button", { name: "Preview the prizes" }).click();
await operator.getByText("The standings are final: €100.00 for 3.").waitFor();
await state(operator, "prizes");
await operator.getByRole("button", { name: "Distribute…" }).click();
await inPanel(operator, "[name=typed]").fill("City");
await inPanel(operator, "button[type=submit]").click();
await operator.getByText("This is not the name of the competition.").waitFor();
await state(operator, "panel-distribute");
await confirm(operator, "The prizes of City sprint are paid.", { typed: "City sprint" });
await operator.getByText("The prizes were distributed.").waitFor();
await state(operator, "settled");
await operator.getByRole("link", { name: "Audit entry" }).click();
await operator.locator("tbody tr", { hasText: "distributed the prizes" }).waitFor();
assert.equal(await operator.locator("tbody tr").count(), 1);
await state(operator, "audit");

// A third person sees them on the board, after a reload, too.
const viewer = await open(VIEWER_TOKEN);
for (const visit of [() => viewer.goto(`${url}/#/c/sprint`), () => viewer.reload()]) {
  await visit();
  await viewer.waitForFunction(() => [...document.querySelectorAll(".step-prize")].map((e) => e.textContent).join(" ") === "€50.00 €30.00 €20.00");
}
await viewer.context().close();

// From a board, an operator gets to its competition here.
await operator.goto(`${url}/#/c/sprint`);
await operator.getByRole("link", { name: "Open in the console" }).click();
await operator.getByRole("heading", { name: "City sprint" }).waitFor();

// What concerns no competition.
await go(operator, "keys");
await operator.getByText("There is no API key.").waitFor();
await operator.getByRole("button", { name: "New key" }).click();
await inPanel(operator, "[name=name]").fill("Wearables gateway");
await inPanel(operator, "input[value=sync]").check();
await state(operator, "panel-key");
await confirm(operator, "Wearables gateway is made");
assert.match(await operator.locator(".secret").inputValue(), /^pbk_/);
await state(operator, "keys");
await operator.getByRole("button", { name: "Revoke… Wearables gateway" }).click();
await confirm(operator, "Wearables gateway is revoked", { typed: "Wearables gateway" });
await go(operator, "webhooks");
await operator.getByText("Nothing is sent anywhere.").waitFor();
await operator.getByRole("button", { name: "New webhook" }).click();
await confirm(operator, "The webhook is made", { url: "https://hooks.example.com/paceboard", competition_id: "sprint" });
await state(operator, "webhooks");
await operator.locator("tbody a").first().click();
await operator.getByRole("heading", { name: "Deliveries" }).waitFor();
await state(operator, "deliveries");
await go(operator, "payouts");
await operator.waitForFunction(() => document.querySelectorAll("tbody tr:not(.skeleton)").length === 3);
await state(operator, "payouts");
await operator.getByRole("button", { name: "Retry… relay-a.1" }).click();
await confirm(operator, "relay-a.1 is handed over again.");
await operator.getByRole("button", { name: "Confirm… relay-a.1" }).click();
await inPanel(operator, "[name=typed]").fill("berta");
await inPanel(operator, "button[type=submit]").click();
await operator.getByText("This is not the winner's user id.").waitFor();
await state(operator, "panel-confirm-prize");
await confirm(operator, "relay-a.1 is confirmed as paid.", { typed: "bert" });
await operator.getByRole("button", { name: "Fail… relay-b.1" }).click();
await confirm(operator, "relay-b.1 is marked as failed.", { reason: "The account is closed.", typed: "bert" });
await operator.waitForFunction(() => document.querySelectorAll("tbody tr:not(.skeleton)").length === 1);
assert.match(await operator.locator("tbody tr").innerText(), /relay-c/);
const paid = await call(OPERATOR_TOKEN, "GET", "/api/v1/prizes/history/bert");
assert.deepEqual(paid.prizes.map(({ id, status }) => `${id} ${status}`).sort(), ["relay-a.1 distributed", "relay-b.1 failed", "relay-c.1 pending"]);
await operator.locator("[name=status]").selectOption("dead");
await operator.getByText("Nothing waits to be paid.").waitFor();
await go(operator, "erasures");
await operator.getByRole("button", { name: "Erase a person…" }).click();
await inPanel(operator, "[name=user_id]").fill("dmitri");
await inPanel(operator, "[name=again]").fill("dimitri");
await inPanel(operator, "button[type=submit]").click();
await operator.getByText("Differs from the user id above.").waitFor();
await state(operator, "panel-erase");
await confirm(operator, "The person is erased from 1 competition", { again: "dmitri" });
await operator.locator("tbody tr", { hasText: "Nothing names the person any more." }).waitFor();
await state(operator, "erasures");
await go(operator, "health");
await operator.locator("dt", { hasText: "Takes syncs" }).waitFor();
await state(operator, "health");
await operator.keyboard.press("?");
await state(operator, "keyboard");
await operator.keyboard.press("Escape");

// What cannot be shown says why, and what to do.
operator.expected.push("404");
await go(operator, "c/nothing");
await operator.getByText("It may be private, or its id has a mistake in it.").waitFor();
await state(operator, "not-there");

assert.deepEqual(complaints, []);
await browser.close();
console.log("the console does what it says");
