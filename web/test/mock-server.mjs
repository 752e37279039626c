// A small stand-in for the service, for looking at the page: one competition in
// each state, with people who move. It speaks the contract's REST and WebSocket,
// keeps everything in memory, believes every token, and listens on loopback only.
//
//   npm run mock            then open the address that it prints
//   POST /mock/refuse       drop all sockets and take none
//   POST /mock/accept       take them again
//   POST /mock/degraded     /health says degraded; /mock/healthy takes it back
//   POST /mock/lead         the second of the demo overtakes the first
//   POST /mock/shuffle      many places change at once
//   POST /mock/pause        nobody moves; /mock/go takes it back
//   POST /mock/revoke       board links (/b/<competition>) end
//   GET  /mock/axe.js       axe-core, which a page may load by its own policy
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";
import { seeded, names } from "./people.mjs";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain", ".png": "image/png", ".ico": "image/x-icon", ".webmanifest": "application/manifest+json" };
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const hour = 3600_000;
const day = 24 * hour;
const random = seeded(7);
const iso = (ms) => new Date(ms).toISOString();

class Competition {
  constructor(id, fields, people = 0, peak = 130_000) {
    const now = Date.now();
    this.info = {
      id, name: id, description: "", type: "custom", status: "active", start_date: iso(now - 9 * day), end_date: iso(now + 2 * day + 4 * hour),
      entry_fee: 0, prize_pool: 0, currency: "EUR", time_zone: "UTC", late_sync_hours: 24, visibility: "public", enrollment: "open",
      scoring: { steps: 1, distance: 0, calories: 0, active_minutes: 0 }, daily_limits: { steps: 100_000, distance: 200_000, calories: 20_000, active_minutes: 1440 },
      prize_split: [60, 30, 10], max_participants: 0, ...fields,
    };
    this.amendments = [];
    this.version = 1;
    this.epoch = "a0b1c2d3";
    this.sockets = new Map(); // socket → { limit, entries, version, standing }
    this.people = names.slice(0, Math.min(people, names.length)).map((name, i) => ({ id: `u${i + 1}`, name }));
    for (let i = this.people.length; i < people; i++) this.people.push({ id: `0198c5e2-${String(i).padStart(4, "0")}`, name: `Athlete ${i + 1}` });
    this.people.forEach((person, i) => {
      person.score = peak === 0 ? 0 : Math.round(peak * 0.985 ** i * (0.98 + 0.02 * random()));
      person.synced = peak === 0 ? undefined : now - Math.floor(random() ** 3 * 40 * hour);
    });
  }

  entries() {
    const sorted = [...this.people].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
    return sorted.map((person, i) => ({
      user_id: person.id, user_name: person.name, competition_id: this.info.id, score: person.score, rank: i + 1, steps: person.score,
      distance: Math.round(person.score * 75) / 100, calories: Math.round(person.score * 4) / 100, active_minutes: Math.round(person.score / 110),
      ...(person.synced && { last_synced_at: iso(person.synced), updated_at: iso(person.synced) }),
    }));
  }

  board(limit, offset = 0) {
    const entries = this.entries().slice(offset, offset + limit);
    return { competition_id: this.info.id, status: this.info.status, entries, total_count: this.people.length, updated_at: iso(Date.now()), version: this.version };
  }

  around(user, radius) {
    const at = this.entries().findIndex(({ user_id }) => user_id === user);
    return this.board(2 * radius + 1, Math.max(0, at - radius));
  }

  /** Three days that make up a score: two devices, a correction, and the rest. */
  explanation(user) {
    const { score, rank } = this.entries().find(({ user_id }) => user_id === user);
    const day = (ago, steps, more) => ({ date: iso(Date.now() - ago * 24 * 3600_000).slice(0, 10), steps, distance: 0, calories: 0, active_minutes: 0, points: steps, flags: [], ...more });
    const report = (source, steps, more) => ({ source, steps, distance: 0, calories: 0, active_minutes: 0, counts: true, counted: { steps }, ...more });
    const [first, second] = [Math.round(score * 0.5), Math.round(score * 0.2)];
    return {
      score, rank, points: score, scoring: this.info.scoring, days: [
        day(2, first, { reports: [report("google_fit", first), report("garmin", first - 700, { counts: false, why_not: "another_source_has_more" })] }),
        day(1, second, { correction: { reason: "The watch was in a car." }, reports: [report("google_fit", 90_000, { counts: false, why_not: "corrected" })] }),
        day(0, score - first - second, { reports: [report("google_fit", score - first - second)] }),
      ],
    };
  }

  give(index, steps) {
    const person = this.people.find(({ id }) => id === this.entries()[index].user_id);
    person.score += steps;
    person.synced = Date.now();
    this.version++;
  }

  watch(socket, limit, since, user) {
    this.sockets.set(socket, { limit, entries: this.entries().slice(0, limit), version: this.version, user, standing: "" });
    if (since !== `${this.version}.${this.epoch}`) send(socket, "leaderboard_update", this.board(limit));
    this.tellStanding(socket);
  }

  tellStanding(socket) {
    const seen = this.sockets.get(socket);
    const own = this.entries().find((entry) => entry.user_id === seen.user);
    if (!own || JSON.stringify(own) === seen.standing) return;
    seen.standing = JSON.stringify(own);
    send(socket, "standing", own);
  }

  fanOut() {
    for (const [socket, seen] of this.sockets) {
      if (seen.version === this.version) continue;
      const entries = this.entries().slice(0, seen.limit);
      const was = new Map(seen.entries.map((entry) => [entry.user_id, JSON.stringify(entry)]));
      const is = new Set(entries.map((entry) => entry.user_id));
      send(socket, "score_update", {
        competition_id: this.info.id, version: this.version, previous_version: seen.version, total_count: this.people.length,
        changes: entries.filter((entry) => was.get(entry.user_id) !== JSON.stringify(entry)),
        removed: seen.entries.map((entry) => entry.user_id).filter((id) => !is.has(id)),
      });
      Object.assign(seen, { entries, version: this.version });
      this.tellStanding(socket);
    }
  }
}

function send(socket, type, data) {
  if (socket.readyState === 1) socket.send(JSON.stringify({ type, data, timestamp: iso(Date.now()) }));
}

const now = Date.now();
const prize = (rank, amount) => ({ rank, user_id: `u${rank}`, user_name: "", amount, currency: "EUR" });
const pool = { prize_pool: 1000, currency: "EUR" };
const over = { start_date: iso(now - 33 * day), end_date: iso(now - 2 * day), ...pool };
const competitions = new Map([
  ["demo", new Competition("demo", { name: "Spring step challenge", description: "Every step from the first to the last of the month counts.", ...pool }, 1204)],
  ["few", new Competition("few", { name: "Office lunch walk", end_date: iso(now + 9 * 60_000 + 41_000) }, 6, 8_400)],
  ["empty", new Competition("empty", { name: "Lakeside week" }, 0)],
  ["finalizing", new Competition("finalizing", { name: "April marathon month", status: "finalizing", start_date: iso(now - 30 * day), end_date: iso(now - 13 * hour), ...pool }, 40)],
  ["upcoming", new Competition("upcoming", { name: "Summer relay", status: "upcoming", start_date: iso(now + 3 * day + 5 * hour), end_date: iso(now + 33 * day) }, 12, 0)],
  ["completed", new Competition("completed", { name: "March steps", status: "completed", ...over }, 64)],
  ["settled", new Competition("settled", { name: "February steps", status: "settled", prizes: [prize(1, 600), prize(2, 300), prize(3, 100)], prizes_count: 3, ...over }, 64)],
  ["cancelled", new Competition("cancelled", { name: "Night run league", status: "cancelled", entry_fee: 5, ...over }, 9)],
  ["huge", new Competition("huge", { name: "Every step of a year" }, 40, 987_654_321)],
  ["zero", new Competition("zero", { name: "Nobody has walked yet" }, 12, 0)],
  ["tie", new Competition("tie", { name: "Level at the top" }, 12)],
  ["long", new Competition("long", { name: "The great and rather long summer challenge of all walking clubs of the lower and upper valley", ...pool }, 12)],
  ["members", new Competition("members", { name: "Board of directors", visibility: "private" }, 5)],
]);

for (const person of competitions.get("tie").people.slice(0, 3)) person.score = 90_000;
competitions.get("finalizing").amendments = [
  { amended_at: iso(now - 16 * day), reason: "The course was closed for a week.", end_date: iso(now - 6 * day) },
  { amended_at: iso(now - 7 * day), reason: "<b>Snow</b>: the last two days are left out.", end_date: iso(now - 13 * hour) },
];

/** How late answers and the frames of a new socket are, in milliseconds. */
export const late = { answers: 0, boards: 0 };
const passed = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let accepting = true;
let health = "healthy";
let moving = true;

/** What a POST to /mock/<name> does. */
export const controls = {
  refuse: () => {
    accepting = false;
    for (const socket of sockets.clients) socket.terminate();
  },
  accept: () => (accepting = true),
  degraded: () => (health = "degraded"),
  healthy: () => (health = "healthy"),
  pause: () => (moving = false),
  go: () => (moving = true),
  revoke: () => {
    for (const socket of sockets.clients) if (socket.protocol.startsWith("bearer.pbl_")) socket.close(1008);
  },
  lead: () => {
    const demo = competitions.get("demo");
    const [first, second] = demo.entries();
    demo.give(1, first.score - second.score + 1 + Math.floor(random() * 300));
  },
  sync: () => competitions.get("demo").give(Math.floor(random() * 100), 1 + Math.floor(random() * 900)),
  shuffle: () => {
    for (let i = 0; i < 40; i++) competitions.get("demo").give(Math.floor(random() * 25), Math.floor(random() * 9000));
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  const json = (status, body) => {
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" }).end(JSON.stringify(body));
  };
  const problem = (status, code, detail = code) => json(status, { success: false, status, code, title: code, detail });
  const [, , , what, id, more] = url.pathname.split("/");
  if (url.pathname === "/mock/axe.js") return response.writeHead(200, { "Content-Type": types[".js"], "Cache-Control": "max-age=3600" }).end(await readFile(axe));
  if (url.pathname.startsWith("/mock/")) {
    controls[url.pathname.slice(6)]?.();
    return json(200, {});
  }
  if (url.pathname === "/health") return accepting ? json(200, { status: health, service: "paceboard" }) : request.socket.destroy();
  if (url.pathname.startsWith("/api/")) {
    await passed(what === "leaderboard" ? late.boards : late.answers);
    if (!accepting) return request.socket.destroy();
    if (!request.headers.authorization) return problem(401, "unauthorized");
    if (what === "competitions" && id === undefined) {
      const { order, status, search = "" } = Object.fromEntries(url.searchParams);
      const over = (info) => ["completed", "settled", "cancelled"].includes(info.status);
      const list = [...competitions.values()]
        .filter(({ info }) => over(info) === (status === "over") && info.name.toLowerCase().includes(search.toLowerCase()))
        .map(({ info, people }) => ({ ...info, prizes: undefined, prizes_count: undefined, participant_count: people.length, ...(info.id === "few" && { own: true }) }))
        .sort((a, b) => (order === "newest" ? -1 : 1) * (Date.parse(a.start_date) - Date.parse(b.start_date)))
        .sort((a, b) => (b.own ? 1 : 0) - (a.own ? 1 : 0));
      return json(200, { success: true, data: { competitions: list } });
    }
    if (what === "users" && more === "invitations") { // guests have some
      const to = (competition, n) => ({ id: `i${n}`, competition_id: competition, user_id: id, state: "open", expires_at: iso(now + 20 * day), competition: { ...competitions.get(competition).info, entry_fee: 5 * n } });
      return json(200, { success: true, data: { invitations: id === "guest" ? [to("upcoming", 0), to("long", 1)] : [] } });
    }
    if (url.pathname.endsWith("/invitations/code/preview") && (await text(request)).includes("0000000000")) return problem(404, "unknown_code", "there is no such join code");
    if (url.pathname.endsWith("/invitations/code/preview")) return json(200, { success: true, data: { ...competitions.get("few").info, entry_fee: 5, prize_pool: 100, enrollment: "invite", time_zone: "Europe/Berlin", participant_count: 6 } });
    const competition = competitions.get(id);
    if (!competition) return problem(404, "unknown_competition");
    if (competition.info.visibility === "private") return problem(403, "private");
    if (more === "events") return problem(503, "overloaded"); // sockets alone carry boards here
    if (more === "amendments") return json(200, { success: true, data: { amendments: competition.amendments } });
    if (more === "participants") return json(200, { success: true, data: competition.explanation(url.pathname.split("/")[6]) });
    if (what === "competitions") return json(200, { success: true, data: competition.info });
    const { around, radius, limit = 100, offset = 0 } = Object.fromEntries(url.searchParams);
    return json(200, { success: true, data: around === undefined ? competition.board(Number(limit), Number(offset)) : competition.around(around, Number(radius)) });
  }
  const linked = /^\/b\/([a-z]+)$/.exec(url.pathname)?.[1]; // a board link's code is the competition's id
  if (linked !== undefined) {
    const [status, board] = competitions.has(linked) ? [200, linked] : [404, ""];
    const body = (await readFile(join(dist, "board.html"), "utf8")).replace("</title>", `</title><meta name="board" content="${board}" data-status="${status}">`);
    return response.writeHead(status, { "Content-Type": types[".html"], "Content-Security-Policy": csp }).end(body);
  }
  const path = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
  try {
    const file = await readFile(join(dist, path));
    const body = path.endsWith(".html") ? String(file).replace('name="sign-in" content=""', 'name="sign-in" content="{&quot;paste&quot;:true}"') : file;
    response.writeHead(200, { "Content-Type": types[extname(path)] ?? "application/octet-stream", "Content-Security-Policy": csp }).end(body);
  } catch {
    problem(404, "not_found");
  }
});

const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => [...offered].find((protocol) => protocol.startsWith("bearer.")) ?? false,
});

server.on("upgrade", (request, socket, head) => {
  if (!accepting) return socket.destroy();
  sockets.handleUpgrade(request, socket, head, (ws) => connected(ws, request));
});

function connected(socket, request) {
  const url = new URL(request.url, "http://localhost");
  const linked = socket.protocol.startsWith("bearer.pbl_");
  const user = linked ? "" : JSON.parse(Buffer.from(socket.protocol.split(".")[2] ?? "", "base64url").toString() || "{}").sub;
  const first = competitions.get(url.pathname.split("/").at(-1));
  if (user === undefined) return socket.close(1008);
  if (!first) return socket.close(4404);
  if (first.info.visibility === "private") return socket.close(4403);
  const limit = Number(url.searchParams.get("limit") ?? 100);
  send(socket, "connected", { competition_id: first.info.id, version: first.version, epoch: first.epoch, limit });
  setTimeout(() => first.watch(socket, limit, url.searchParams.get("since"), user), late.boards);
  socket.on("message", (text) => {
    const { type, data } = JSON.parse(text);
    const competition = competitions.get(data?.competition_id);
    if (type === "ping") send(socket, "pong", {});
    if (type === "subscribe" && competition) competition.watch(socket, data.limit, data.since, user);
    if (type === "subscribe" && !competition) send(socket, "error", { status: 404, code: "unknown_competition", competition_id: data.competition_id });
    if (type === "unsubscribe") competition?.sockets.delete(socket);
  });
  socket.on("close", () => competitions.forEach((competition) => competition.sockets.delete(socket)));
}

setInterval(() => {
  if (!moving) return;
  for (const id of ["demo", "few", "finalizing"]) {
    const competition = competitions.get(id);
    if (random() < 0.4) competition.give(Math.floor(random() ** 2 * Math.min(30, competition.people.length)), 40 + Math.floor(random() * (id === "few" ? 90 : 1900)));
  }
}, 300).unref();
setInterval(() => competitions.forEach((competition) => competition.fanOut()), 100).unref();

/** A token for a user, signed by nobody. */
export function tokenFor(user) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: user, exp: Math.floor(Date.now() / 1000) + 86_400 })}.mock`;
}

/** Starts to listen; 0 is any free port. Answers with the address. */
export function listen(port = 0) {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const address = await listen(Number(process.env.PORT ?? 8099));
  console.log(`${address}/#/c/demo?token=${tokenFor("u14")}`);
}
