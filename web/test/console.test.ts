import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fragmentOf, parsePlace } from "../src/console/place.js";
import { whoHolds } from "../src/console/who.js";
import { isZone, toInstant, toLocal } from "../src/console/zones.js";
import { Formatter } from "../src/format.js";
import { rulesInWords } from "../src/rules.js";

const format = new Formatter(["en-GB"]);

describe("the rules in words", () => {
  const definition = { start_date: "2026-05-01T00:00:00Z", end_date: "2026-06-01T00:00:00Z", time_zone: "UTC" };

  it("say what the server's defaults are", () => {
    assert.deepEqual(rulesInWords(definition, format), [
      "1 point for each step.",
      "Days from 1 May 2026, 00:00 to 1 Jun 2026, 00:00 count, by the midnight of UTC.",
      "What arrives late counts for 24 more hours; then the standings are final.",
      "A day with more than 100,000 steps, 200 km, 20,000 kilocalories or 1,440 active minutes is refused.",
      "Anybody can join, also by a first sync. Everybody who is signed in sees the board.",
      "There are no prizes.",
    ]);
  });

  it("say the money, who sees it, and what is wrong", () => {
    const rules = rulesInWords({
      ...definition, scoring: { steps: 1, distance: 0.5, calories: 0 }, late_sync_hours: 0, visibility: "private", max_participants: 12,
      entry_fee: 5, prize_pool: 1000, currency: "EUR", prize_split: [60, 40],
    }, format);
    assert.equal(rules[0], "1 point for each step and 0.5 points for each metre.");
    assert.equal(rules[2], "Nothing that arrives after the end counts.");
    assert.equal(rules[4], "One joins by invitation or code. At most 12 take part. Only those who take part see the board.");
    assert.equal(rules[5], "Taking part costs €5.00, given back to who leaves before the start.");
    assert.equal(rules[6], "€1,000.00 in prizes: €600.00 for place 1, €400.00 for place 2. Equal scores share.");
    assert.match(rulesInWords({ ...definition, prize_pool: 10, prize_split: [60, 30] }, format).at(-1)!, /must add up to 100; they come to 90/);
    assert.equal(rulesInWords({ ...definition, end_date: "2026-04-01T00:00:00Z" }, format)[1], "The end must come after the start.");
    assert.equal(rulesInWords({ ...definition, scoring: { steps: 0 } }, format)[0], "Nothing gives points: set at least one weight.");
  });
});

describe("times in a zone", () => {
  it("go there and back, also where clocks change", () => {
    for (const [local, zone, instant] of [
      ["2026-05-01T00:00", "Europe/Berlin", "2026-04-30T22:00:00.000Z"],
      ["2026-12-01T00:00", "Europe/Berlin", "2026-11-30T23:00:00.000Z"],
      ["2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
      ["2026-05-01T00:00", "Asia/Kathmandu", "2026-04-30T18:15:00.000Z"],
      ["2026-05-01T00:00", "America/St_Johns", "2026-05-01T02:30:00.000Z"],
      ["2026-05-01T00:00", "UTC", "2026-05-01T00:00:00.000Z"],
    ] as const) {
      assert.equal(toInstant(local, zone), instant);
      assert.equal(toLocal(instant, zone), local);
    }
    assert.equal(toInstant("", "UTC"), "");
    assert.equal(toLocal("never", "UTC"), "");
    assert.ok(isZone("Europe/Berlin") && !isZone("Mars/Olympus"));
  });
});

describe("places in the console", () => {
  it("are read as they were written", () => {
    const parts = ["c", "spring", "person", "a/b %?"];
    const query = { actor: "key:K", from: "" };
    assert.deepEqual(parsePlace(fragmentOf(parts, query)), { parts, query: { actor: "key:K" } });
    assert.deepEqual(parsePlace("#/%"), { parts: ["%"], query: {} });
    assert.deepEqual(parsePlace(""), { parts: [], query: {} });
  });
});

describe("who holds a token", () => {
  const token = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

  it("is an operator as the server has it", () => {
    assert.deepEqual(whoHolds(token({ sub: "ada", role: "authenticated" })), { id: "ada", operator: false, anonymous: false });
    assert.deepEqual(whoHolds(token({ sub: "op", app_metadata: { role: "operator" } })), { id: "op", operator: true, anonymous: false });
    assert.deepEqual(whoHolds(token({ role: "service_role" })), { id: "", operator: true, anonymous: false });
    assert.deepEqual(whoHolds(token({ sub: "eve", user_metadata: { role: "operator" } })), { id: "eve", operator: false, anonymous: false });
    assert.deepEqual(whoHolds(token({ sub: "ada", is_anonymous: true, app_metadata: { role: "operator" } })), { id: "ada", operator: false, anonymous: true });
    assert.deepEqual(whoHolds("nonsense"), { id: "", operator: false, anonymous: false });
  });
});
