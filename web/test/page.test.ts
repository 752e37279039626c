import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Announcer, spokenEvery } from "../src/announce.js";
import type { Competition } from "../src/api.js";
import { Formatter } from "../src/format.js";
import { History } from "../src/history.js";
import { phaseOf } from "../src/phase.js";
import { Places, placeWindow } from "../src/places.js";
import { explainDay, prizeTable, rulesOf } from "../src/rules.js";
import { boardFragment, listFragment, parseFragment } from "../src/route.js";
import { problemOf, readLanding } from "../src/signin.js";
import { spread } from "../src/views/chart-labels.js";

describe("the address", () => {
  const route = (fragment: string) => parseFragment(fragment).route;

  it("leads to the list or to a board", () => {
    for (const list of ["", "#", "#/"]) assert.deepEqual(route(list), { view: "list", past: false, search: "" });
    for (const [past, search] of [[false, ""], [true, ""], [false, "a&b=ü"], [true, "x y"]] as const) {
      assert.deepEqual(route(listFragment(past, search)), { view: "list", past, search });
    }
    assert.deepEqual(route("#/c/spring-26"), { view: "board", id: "spring-26", top: 25 });
    assert.deepEqual(route("#/c/spring?top=100"), { view: "board", id: "spring", top: 100 });
    assert.deepEqual(route("#/c/spring?top=7"), { view: "board", id: "spring", top: 25 });
  });

  it("leads nowhere with an id that cannot be", () => {
    for (const wrong of ["#/c/", "#/c/a/b", "#/c/a%2Fb", `#/c/${"x".repeat(65)}`, "#/x"]) assert.deepEqual(route(wrong), { view: "missing" });
  });

  it("gives its token away once", () => {
    const cases = [["#token=a.b.c", "#/"], ["#/?token=a.b.c", "#/"], ["#/c/demo?token=a.b.c", "#/c/demo"], ["#/c/demo?token=a.b.c&top=50", "#/c/demo?top=50"]];
    for (const [given, clean] of cases) {
      const parsed = parseFragment(given!);
      assert.deepEqual([parsed.token, parsed.clean], ["a.b.c", clean]);
    }
    assert.deepEqual(parseFragment("#/c/demo?top=50"), { route: { view: "board", id: "demo", top: 50 }, clean: "#/c/demo?top=50" });
  });

  it("is the shortest for a board", () => assert.deepEqual([boardFragment("a"), boardFragment("a", 50)], ["#/c/a", "#/c/a?top=50"]));
});

describe("change of place", () => {
  const at = (...users: string[]) => users.map((user_id, i) => ({ user_id, rank: i + 1 }));

  it("counts from the first sight", () => {
    const places = new Places();
    places.note(at("a", "b", "c"), 0);
    places.note(at("c", "a", "b"), 1000);
    assert.deepEqual(["a", "b", "c"].map((user) => places.change(user)), [-1, -1, 2]);
  });

  it("is new for who comes into sight later, but not for the viewer, nor for the unknown", () => {
    const places = new Places();
    places.note(at("a"), 0);
    places.note([...at("a", "b"), { user_id: "me", rank: 90 }], 1000, "me");
    assert.deepEqual(["b", "me", "nobody"].map((user) => places.change(user)), ["new", 0, 0]);
  });

  it("is forgotten after ten minutes", () => {
    const places = new Places();
    places.note(at("a", "b"), 0);
    places.note(at("b", "a"), 1000);
    places.note(at("b", "a"), placeWindow + 999);
    assert.equal(places.change("b"), 1);
    places.note(at("b", "a"), placeWindow + 1000);
    assert.equal(places.change("b"), 0);
  });

  it("starts anew with another window of the board", () => {
    const places = new Places();
    places.note(at("a"), 0);
    places.restart();
    places.note(at("b", "a"), 1000);
    assert.deepEqual([places.change("a"), places.change("b")], [0, 0]);
  });
});

describe("history", () => {
  it("keeps one sample a second and always the newest", () => {
    const history = new History();
    for (let ms = 0; ms <= 5000; ms += 100) history.note([{ user_id: "a", score: ms }], ms);
    const { times, tracks } = history.tracks(["a", "nobody"], 5000);
    assert.ok(history.length <= 7);
    assert.deepEqual([times[0], times.at(-1), tracks[0]?.scores.at(-1)], [0, 5, 5000]);
    assert.ok(tracks[1]?.scores.every((score) => score === null));
  });

  it("goes on to the present with the last score", () => {
    const history = new History();
    history.note([{ user_id: "a", score: 7 }], 0);
    assert.deepEqual(history.tracks(["a"], 9000), { times: [0, 9], tracks: [{ user: "a", scores: [7, 7] }] });
  });

  it("thins out the past of a long day, and keeps its begin", () => {
    const history = new History();
    for (let s = 0; s < 86_400; s += 2) history.note([{ user_id: "a", score: s }], s * 1000);
    const { times } = history.tracks(["a"], 86_398_000);
    assert.ok(history.length <= 600);
    assert.deepEqual([times[0], times.at(-1)], [0, 86_398]);
    assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
  });
});

describe("the live region", () => {
  it("says the latest, at most once in ten seconds, and nothing twice", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const said: string[] = [];
    const announcer = new Announcer((sentence) => said.push(sentence));
    for (const sentence of ["a leads", "b leads", "c leads"]) announcer.tell(sentence);
    assert.deepEqual(said, ["a leads"]);
    mock.timers.tick(spokenEvery);
    assert.deepEqual(said, ["a leads", "c leads"]);
    mock.timers.tick(spokenEvery);
    announcer.tell("c leads");
    assert.deepEqual(said, ["a leads", "c leads"]);
    announcer.tell("a leads");
    announcer.tell("b leads");
    announcer.stop();
    mock.timers.tick(2 * spokenEvery);
    assert.deepEqual(said, ["a leads", "c leads", "a leads"]);
    mock.timers.reset();
  });
});

describe("the phase of a competition", () => {
  const format = new Formatter(["en-US"]);
  const competition = {
    start_date: "2026-05-01T00:00:00Z", end_date: "2026-05-08T00:00:00Z", late_sync_hours: 12, prize_pool: 10,
  };
  const now = Date.parse("2026-05-07T22:00:00Z");

  it("is live only while the page follows it", () => {
    assert.equal(phaseOf(competition, "active", true, now, format).word, "Live");
    assert.equal(phaseOf(competition, "active", false, now, format).word, "Active");
  });

  it("counts to the end, and then to the end of late syncs", () => {
    assert.deepEqual(phaseOf(competition, "active", true, now, format).clock, { label: "Ends in", value: "2 hr" });
    assert.deepEqual(phaseOf(competition, "finalizing", true, now, format).clock, { label: "Final in", value: "14 hr" });
    assert.match(phaseOf(competition, "finalizing", true, now, format).note!, /Late syncs count until/);
  });

  it("does not count below zero while the server takes its moment", () => {
    assert.equal(phaseOf(competition, "upcoming", true, now, format).clock?.value, "a moment");
  });

  it("tells whether prizes are paid", () => {
    assert.match(phaseOf(competition, "completed", true, now, format).note!, /yet to be paid/);
    assert.match(phaseOf(competition, "settled", true, now, format).note!, /prizes are paid/);
  });
});

describe("labels at the ends of lines", () => {
  it("stay where they are when there is room", () => assert.deepEqual(spread([10, 50, 90], 17, 0, 100), [10, 50, 90]));
  it("move apart in their order, within the plot", () => {
    assert.deepEqual(spread([50, 50, 51], 10, 0, 100), [50, 60, 70]);
    assert.deepEqual(spread([99, 100, 98], 10, 0, 100), [90, 100, 80]);
  });
});

describe("what the project sends back", () => {
  const landed = (search: string, hash: string) => {
    const found = readLanding({ search, hash });
    return found && [found.landing, found.clean];
  };

  it("is read once, and leaves the rest of the address", () => {
    assert.deepEqual(landed("?code=a-b", "#/c/live?top=50"), [{ kind: "code", code: "a-b" }, "#/c/live?top=50"]);
    assert.deepEqual(landed("?tv=1&code=a", ""), [{ kind: "code", code: "a" }, "?tv=1"]);
    assert.deepEqual(landed("", "#access_token=h.p.s&expires_in=3600&refresh_token=r&token_type=bearer&type=signup"), [{ kind: "tokens", accessToken: "h.p.s", refreshToken: "r" }, ""]);
    assert.deepEqual(landed("", "#error=access_denied&error_code=otp_expired&error_description=Email+link&sb="), [{ kind: "failed", code: "otp_expired" }, ""]);
    assert.deepEqual(landed("?error=server_error&error_description=x", "#/"), [{ kind: "failed", code: "server_error" }, "#/"]);
  });

  it("is not seen where there is none", () => {
    for (const [search, hash] of [["", ""], ["?tv=1", "#/c/live"], ["", "#token=a.b.c"], ["", "#/c/code?top=50"], ["", "#access_token=h.p.s"]] as const) {
      assert.equal(landed(search, hash), undefined, search + hash);
    }
  });

  it("is told in words", () => {
    assert.match(problemOf("otp_expired"), /used already, or has expired/);
    assert.equal(problemOf("unknown", "Database error."), "Database error.");
    assert.match(problemOf(undefined), /failed/);
  });
});

describe("the rules in words", () => {
  const format = new Formatter(["en-GB"]);
  const steps = { steps: 1, distance: 0, calories: 0, active_minutes: 0 };
  const spring: Competition = {
    id: "spring", name: "Spring", description: "", type: "custom", status: "active", visibility: "public", participant_count: 0, start_date: "2026-04-30T22:00:00.000Z", end_date: "2026-05-31T22:00:00.000Z", time_zone: "Europe/Berlin",
    entry_fee: 5, prize_pool: 1000, currency: "EUR", prize_split: [60, 30, 10], late_sync_hours: 0, scoring: { steps: 1, distance: 0.5, calories: 0, active_minutes: 0 },
    daily_limits: { steps: 100_000, distance: 200_000, calories: 20_000, active_minutes: 1440 }, enrollment: "invite", max_participants: 50,
  };

  it("say what counts, how much of it, whose midnight, the fee and who may join", () => {
    const said = Object.fromEntries(rulesOf(spring, format));
    assert.match(said.Points!, /^1 for each step and 0\.5 for each metre\./);
    assert.equal(said["A day at most"], "100,000 steps and 200 km. A day with more is refused.");
    assert.match(said.Days!, /^1\s*–\s*31 May 2026\. Days begin and end at midnight in Europe\/Berlin\.$/);
    assert.equal(said["Late syncs"], "Do not count after the end.");
    assert.match(said["Entry fee"]!, /^€5\.00, paid back/);
    assert.equal(said.Who, "By invitation or with a code. At most 50 take part.");
    assert.deepEqual(prizeTable(spring, format), [["1st", "€600.00"], ["2nd", "€300.00"], ["3rd", "€100.00"]]);
    assert.equal(Object.fromEntries(rulesOf({ ...spring, entry_fee: 0, prize_pool: 0 }, format)).Prizes, undefined);
  });

  it("say by which links others see the board", () => {
    const link = (names: "names" | "initials" | "none", expires_at: string) => ({ names, created_at: "2026-05-01T10:00:00Z", expires_at });
    const seen = (...board_links: ReturnType<typeof link>[]) => Object.fromEntries(rulesOf({ ...spring, board_links }, format))["Seen by link"];
    assert.equal(seen(), undefined);
    assert.match(seen(link("initials", "2026-06-15T10:00:00Z"))!, /^Everybody who has its link sees this board: with initials until 15 Jun 2026/);
    assert.match(seen(link("none", "2026-06-01T10:00:00Z"), link("none", "2026-07-01T10:00:00Z"), link("names", "2026-06-15T10:00:00Z"))!,
      /^Everybody who has one of its links sees this board: with names until 15 Jun 2026.* and without names until 1 Jul 2026/);
  });

  it("say why a day counts for what it does", () => {
    const day = { date: "2026-05-02", steps: 4000, distance: 0, calories: 0, active_minutes: 0, points: 4000 };
    const report = (source: string, count: number) => ({ source, steps: count, distance: 900, calories: 0, active_minutes: 0 });
    assert.deepEqual(explainDay({ ...day, reports: [{ ...report("google_fit", 4000), counts: true }] }, steps, format), ["4,000 points for 4,000 steps."]);
    assert.deepEqual(explainDay({ ...day, correction: { reason: "a bus" }, reports: [{ ...report("google_fit", 90_000), counts: false, why_not: "corrected" }] }, steps, format),
      ["4,000 points for 4,000 steps.", "The organiser has set this day by hand: a bus", "google fit reported 90,000 steps, which the organiser's figures replace."]);
    assert.deepEqual(explainDay({ ...day, reports: [{ ...report("watch", 4000), counts: true, counted: { ...steps, steps: 4000 } }, { ...report("phone", 3000), counts: false, why_not: "another_source_has_more" }] }, steps, format).slice(1),
      ["watch reported 4,000 steps, and 4,000 steps of it counts.", "phone reported 3,000 steps. Another device has more, so this is not counted a second time."]);
  });
});
