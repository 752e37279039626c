import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { displayName, Formatter, ordinal, plural } from "../src/format.js";

const english = new Formatter(["en-GB"]);
const german = new Formatter(["de-DE", "en-US"]);
const now = Date.UTC(2026, 4, 10, 12);
const before = (ms: number): string => new Date(now - ms).toISOString();
// Intl writes with several kinds of space.
const plain = (text: string): string => text.replace(/[\s\u2009\u202f]+/gu, " ");

describe("figures follow the viewer's locale", () => {
  it("thousands", () => {
    assert.equal(english.integer(1234567), "1,234,567");
    assert.equal(german.integer(1234567), "1.234.567");
  });

  it("money has the currency's own decimals", () => {
    assert.equal(english.money(600, "EUR"), "€600.00");
    assert.equal(english.money(5000, "JPY"), "JP¥5,000");
    assert.equal(plain(german.money(1234.5, "EUR")), "1.234,50 €");
  });

  it("money without a currency is a number", () => assert.equal(english.money(600, undefined), "600"));
});

describe("words are English, whatever the viewer's language", () => {
  it("how long ago", () => {
    const cases: [number, string][] = [[0, "now"], [59_999, "now"], [60_000, "1 min ago"], [3_599_000, "59 min ago"], [3_600_000, "1 hr ago"], [86_400_000, "yesterday"], [3 * 86_400_000, "3 days ago"]];
    for (const [ms, text] of cases) assert.equal(english.ago(before(ms), now).replace(".", ""), text);
    assert.match(german.ago(before(120_000), now), /^2 min/);
  });

  it("a clock that is ahead of ours is now", () => assert.equal(english.ago(before(-5000), now), "now"));
  it("no time is a dash", () => {
    for (const none of [undefined, null, "", "soon"]) assert.equal(english.ago(none, now), "–");
  });

  it("a span has its two largest units", () => {
    const units = (ms: number): string => plain(new Formatter(["en-US"]).span(ms));
    assert.equal(units(2 * 86_400_000 + 4 * 3_600_000 + 59_000), "2 days 4 hr");
    assert.equal(units(4 * 3_600_000 + 12 * 60_000), "4 hr 12 min");
    assert.equal(units(12 * 60_000 + 33_000), "12 min 33 sec");
    assert.equal(units(86_400_000), "1 day");
    assert.equal(units(1), "1 sec");
    assert.equal(units(-5000), "0 sec");
  });

  it("the last day is the one before the end, in the competition's zone", () => {
    assert.match(plain(english.days("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")), /^1 ?– ?31 May 2026$/);
    assert.match(plain(english.days("2026-04-30T22:00:00Z", "2026-05-31T22:00:00Z", "Europe/Berlin")), /^1 ?– ?31 May 2026$/);
    assert.match(plain(english.days("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "Nowhere/Else")), /May 2026/);
    assert.equal(english.days("later", "never"), "");
  });
});

describe("a name", () => {
  it("is shown as it was given", () => assert.equal(displayName({ user_id: "u", user_name: " Zoë <b> " }), "Zoë <b>"));
  it("is never a blank", () => {
    const id = "0198c5e2-aaaa";
    for (const user_name of [undefined, "", "  ", "\u200b\u200d", "\u0301"]) {
      assert.equal(displayName({ user_id: id, ...(user_name !== undefined && { user_name }) }), "0198c5e2");
    }
  });
});

describe("English", () => {
  it("ordinals", () => {
    assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 102].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd"]);
  });
  it("plurals", () => assert.deepEqual([0, 1, 2].map((n) => plural(n, "place")), ["places", "place", "places"]));
});
