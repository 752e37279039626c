// Tries the page in a real browser against the mock server; see harness.mjs.
//
//   npm run test:browser
import assert from "node:assert/strict";
import { it } from "node:test";
import { control, inBrowser, live, open } from "./harness.mjs";
import { tokenFor } from "./mock-server.mjs";

inBrowser("the page in a browser", () => {
  it("takes the token out of the address and keeps it for a reload", async () => {
    const page = await open("#/c/demo");
    await live(page);
    assert.ok(!page.url().includes("token"));
    await page.reload();
    await live(page);
    assert.deepEqual(page.complaints, []);
  });

  it("shows names as text, and those without one by their id", async () => {
    const page = await open("#/c/demo");
    await live(page);
    const names = await page.locator(".board .name").allTextContents();
    assert.ok(names.includes("<img src=x onerror=alert(1)>"));
    assert.ok(names.includes("u15"));
    assert.equal(await page.locator(".board img").count(), 0);
    assert.deepEqual(page.complaints, []);
  });

  it("says what was changed after the start, and why", async () => {
    const page = await open("#/c/finalizing");
    await live(page);
    const said = await page.locator(".changes li").allInnerTexts();
    assert.equal(said.length, 2);
    assert.match(said[0], /^<b>Snow<\/b>: the last two days are left out\.\n+.+ · end of the competition: .+$/);
    assert.match(said[1], /^The course was closed for a week\./);
    const other = await open("#/c/demo");
    await live(other);
    assert.ok(await other.locator(".changes").isHidden());
    assert.deepEqual([...page.complaints, ...other.complaints], []);
  });

  it("lists the viewer's own first and the past apart, and searches", async () => {
    const page = await open("#/");
    const headings = () => page.locator(".found section:not([hidden]) > h2").allTextContents();
    const names = () => page.locator(".competition-name").allTextContents();
    await page.waitForSelector("a.competition");
    assert.deepEqual(await headings(), ["Yours", "Now", "Next"]);
    assert.equal((await names())[0], "Office lunch walk");
    await page.fill(".search", "SPRING");
    await page.waitForFunction(() => document.querySelectorAll("a.competition").length === 1);
    assert.deepEqual(await names(), ["Spring step challenge"]);
    assert.ok(page.url().endsWith("#/?search=SPRING"));
    await page.reload();
    await page.waitForSelector("a.competition");
    assert.equal(await page.inputValue(".search"), "SPRING");
    await page.click(".tab:not([aria-current])");
    await page.waitForSelector(".found .message");
    assert.match(await page.innerText(".found"), /No past competition has “SPRING” in its name/);
    await page.fill(".search", "");
    await page.waitForSelector("a.competition");
    assert.deepEqual(await headings(), ["Past"]);
    assert.deepEqual(page.complaints, []);
  });

  it("is a real table with a header for each column and row", async () => {
    const page = await open("#/c/demo");
    await live(page);
    assert.equal(await page.locator(".standings > .board tbody tr").count(), 25);
    assert.equal(await page.locator(".standings > .board tbody th[scope=row]").count(), 25);
    assert.deepEqual(await page.locator(".standings > .board thead th").allTextContents(), ["Rank", "Change", "Name", "Score", "Prize", "Last sync"]);
  });

  it("keeps the viewer's row at the edge until it is in view", async () => {
    const page = await open("#/c/demo");
    await live(page);
    const dock = page.locator(".dock");
    await dock.waitFor({ state: "visible" });
    assert.equal(await dock.getAttribute("data-edge"), "bottom");
    await dock.click();
    await dock.waitFor({ state: "hidden" });
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await dock.waitFor({ state: "visible" });
    assert.equal(await dock.getAttribute("data-edge"), "top");
  });

  it("shows another window of the board on demand", async () => {
    const page = await open("#/c/demo");
    await live(page);
    await page.selectOption("#top", "50");
    await page.waitForFunction(() => document.querySelectorAll(".standings > .board tbody tr").length === 50);
    assert.match(page.url(), /top=50$/);
    assert.equal(await page.locator(".mark", { hasText: "new" }).count(), 0);
  });

  it("never has more than twelve rows in motion, and none in a calm browser", async () => {
    for (const reducedMotion of ["no-preference", "reduce"]) {
      const page = await open("#/c/demo", { reducedMotion });
      await live(page);
      await page.evaluate(() => {
        window.most = 0;
        const look = () => {
          const moving = document.getAnimations().filter(({ id }) => id === "glide");
          window.most = Math.max(window.most, moving.length);
          requestAnimationFrame(look);
        };
        look();
      });
      for (const change of ["lead", "shuffle", "lead", "shuffle"]) {
        await control(change);
        await page.waitForTimeout(600);
      }
      const most = await page.evaluate(() => window.most);
      if (reducedMotion === "reduce") assert.equal(most, 0);
      else assert.ok(most > 0 && most <= 12, `${most} rows in motion`);
    }
  });

  it("says who leads when that changes, at most once in ten seconds", async () => {
    const page = await open("#/c/demo");
    await live(page);
    await page.waitForFunction(() => /leads with .* You are \d+(st|nd|rd|th) of 1,204\./.test(document.querySelector("#spoken").textContent));
    const first = await page.textContent("#spoken");
    await control("lead");
    await page.waitForTimeout(2000);
    assert.equal(await page.textContent("#spoken"), first);
    await page.waitForFunction((was) => document.querySelector("#spoken").textContent !== was, first, { timeout: 12_000 });
  });

  it("dims the board while the server is away, and goes on when it is back", async () => {
    const page = await open("#/c/demo");
    await live(page);
    await control("refuse");
    await page.waitForSelector(".view.dimmed");
    assert.match(await page.textContent(".notice"), /Board as of \d\d:\d\d:\d\d/);
    assert.equal(await page.locator(".standings > .board tbody tr").count(), 25);
    assert.equal(await page.textContent(".notice button"), "Try now");
    await control("accept");
    await control("lead");
    await live(page);
    await page.waitForSelector(".view:not(.dimmed)");
    assert.equal(await page.textContent(".notice"), "");
  });

  it("remembers the theme, and lets go of it when it is the system's", async () => {
    const page = await open("#/", { colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.click(".theme");
    assert.equal(await ground(), "rgb(15, 21, 18)");
    await page.reload();
    assert.equal(await ground(), "rgb(15, 21, 18)");
    await page.click(".theme");
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  });

  it("can be used with the keyboard alone, and shows where one is", async () => {
    const page = await open("#/");
    await page.waitForSelector("a.competition");
    const reached = [];
    for (let i = 0; i < 9; i++) {
      await page.keyboard.press("Tab");
      reached.push(await page.evaluate(() => document.activeElement.className));
      assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
    }
    assert.deepEqual(reached, ["brand", "quiet sign", "quiet theme", "tab", "tab", "search", "quiet", "quiet console-way", "competition"]);
    await page.keyboard.press("Enter");
    await live(page);
  });

  it("asks for a token after signing out, and refuses what is none", async () => {
    const page = await open("#/c/demo");
    await live(page);
    await page.click(".sign");
    await page.fill("#token", "nonsense");
    await page.click("button[type=submit]");
    assert.match(await page.textContent("#token-help"), /not a token/);
    await page.fill("#token", tokenFor("u2"));
    await page.click("button[type=submit]");
    await live(page);
    assert.equal(await page.evaluate(() => sessionStorage.length), 1);
  });
});
