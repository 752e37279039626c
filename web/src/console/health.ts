import type { PaceboardError } from "@paceboard/client";
import { h } from "../dom.js";
import type { Console, Screen } from "./app.js";
import type { Action } from "./panel.js";
import { button, failure, head, link, status } from "./parts.js";
import { fragmentOf } from "./place.js";
import type { Connection, Health, Loaded, ServerState } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";

/** How the server that answers is, and what an operator can do about it. */
export function healthScreen(app: Console): Screen {
  const { api, format } = app;
  const parts = h("div", { class: "part-body" });
  const tables = [loadedTable(app), connectionsTable(app)];
  void show();

  async function show(): Promise<void> {
    try {
      const [health, server] = await Promise.all([api.getDetailedHealth(), api.getServer()]);
      draw(health, server);
    } catch (error) {
      parts.replaceChildren(failure(error as PaceboardError, () => void show()));
    }
  }

  const reading = (readOnly: boolean): Action => ({
    title: readOnly ? "Stop changes" : "Take changes again",
    what: readOnly ? "This server refuses everything that changes something, syncs included. Boards can be read, and time goes on. In a cluster, each node has its own." : "This server takes changes and syncs again.",
    whom: "Everybody who uses this server",
    undo: readOnly ? "Take changes again, or restart the server." : "Stop changes again.",
    fields: readOnly ? [{ name: "message", label: "What people are told", required: true, most: 500, value: "Maintenance. Please try again in a few minutes." }] : [],
    confirm: readOnly ? "Stop changes" : "Take changes again",
    async run({ message = "" }, api) {
      await api.changeServer({ body: { read_only: readOnly, ...(readOnly && { message }) } });
      return { said: readOnly ? "The server takes no changes." : "The server takes changes again.", back: reading(!readOnly) };
    },
  });

  function draw(health: Health, server: ServerState): void {
    const well = health.status === "healthy";
    const facts: [string, Node | string][] = [
      ["State", status(well ? "Healthy" : `Degraded: ${(health.degraded ?? []).join(", ")}`, well ? "accent" : "warn")],
      ["Takes syncs", health.ready ? "Yes" : "No"],
      ["Changes", server.read_only ? `Stopped: ${server.message ?? ""}` : "Taken"],
      ["Competitions in memory", format.integer(health.active_competitions)],
      ["Damaged competitions", list(health.damaged_competitions)],
      ["Lost acknowledged events", list(health.lost_events_competitions)],
      ["Requests under way", format.integer(health.requests_in_flight)],
      ["Events on their way to the store", format.integer(health.journal_queued_events)],
      ["Live connections", format.integer(server.live_connections)],
      ["Version", `${health.build.version} (${health.build.commit.slice(0, 12)}, ${health.build.go})`],
      ...Object.entries(server.settings).map(([name, value]): [string, string] => [name, value || "–"]),
    ];
    const rows = health.dependencies.map((d) => h("tr", {},
      h("th", { scope: "row", class: "main" }, d.name), h("td", {}, status(d.healthy ? "Works" : "Does not work", d.healthy ? "accent" : "err")),
      h("td", { class: "number" }, `${format.decimal(d.latency_ms)} ms`), h("td", { class: "number" }, d.lag_ms === undefined ? "–" : `${format.decimal(d.lag_ms)} ms`), h("td", { class: "long" }, d.detail ?? "–")));
    const heads = ["Part", "State", "Answers in", "Lags", "What it says"].map((text, i) => h("th", { scope: "col", class: i === 2 || i === 3 ? "number" : undefined }, text));
    parts.replaceChildren(
      h("dl", { class: "facts-grid" }, ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      h("h2", {}, "What it depends on"),
      h("div", { class: "sheet-frame", tabindex: 0, role: "region", "aria-label": "What it depends on" }, h("table", { class: "sheet" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows))),
      h("div", { class: "choices" },
        button("Read again", () => void show(), "quiet edged"),
        button(server.read_only ? "Take changes again…" : "Stop changes…", () => app.act(reading(!server.read_only), () => void show()), "quiet edged")));
  }

  return {
    title: "Health",
    element: h("div", { class: "screen" }, head("Health", "Of the server that answers; each node of a cluster has its own."), parts,
      h("h2", {}, "Competitions in memory"), tables[0]!.element, h("h2", {}, "Live connections, the oldest first"), tables[1]!.element),
    destroy: () => tables.forEach((table) => table.destroy()),
  };
}

const list = (ids: string[]): Node | string => (ids.length === 0 ? "None" : h("span", { "data-tone": "err" }, ids.slice(0, 20).join(", "), ids.length > 20 ? ` and ${ids.length - 20} more` : ""));

function loadedTable({ api, format }: Console): DataTable<Loaded> {
  return new DataTable<Loaded>({
    label: "Competitions in memory, the largest first",
    columns: [
      { head: "Name", kind: "main", cell: ({ id, name }) => link(fragmentOf(["c", id]), name || id) },
      { head: "People", kind: "number", cell: (c) => format.integer(c.participant_count) },
      { head: "Events", kind: "number", cell: (c) => format.integer(c.events) },
      { head: "Memory", kind: "number", cell: (c) => `${format.integer(Math.ceil(c.memory_bytes / 2 ** 10))} KiB` },
      { head: "Changed", cell: (c) => format.ago(c.changed_at, Date.now()) },
      { head: "State", cell: (c) => (c.damaged ? status("Damaged", "err") : "Sound") },
    ],
    load: async () => ({ rows: (await api.listLoaded({ limit: 25 })).competitions, next: undefined }),
    empty: "None.",
  });
}

function connectionsTable(app: Console): DataTable<Connection> {
  const { api, format } = app;
  const closing = (user: string): Action => ({
    title: `Close the connections of ${user}`, what: "All live connections of the user to this server end.", whom: user, undo: "The user may connect again at once.", confirm: "Close them",
    async run(_, api) {
      const { closed } = await api.closeConnections({ user_id: user });
      return { said: `${closed} connections of ${user} were closed.` };
    },
  });
  const table: DataTable<Connection> = new DataTable<Connection>({
    label: "Live connections",
    columns: [
      { head: "Who", kind: "main", cell: ({ user_id }) => h("span", { class: "id" }, user_id || "a service") },
      { head: "By", cell: ({ transport }) => (transport === "websocket" ? "WebSocket" : "Event stream") },
      { head: "Since", cell: ({ since }) => format.ago(since, Date.now()) },
      { head: "Watches", kind: "long", cell: ({ competitions }) => competitions.join(", ") || "nothing" },
    ],
    load: async () => ({ rows: (await api.listConnections({ limit: 25 })).connections, next: undefined }),
    empty: "Nobody watches a board on this server.",
    actions: ({ user_id }) => (user_id ? [rowButton("Close…", user_id, () => app.act(closing(user_id), () => void table.load()))] : []),
  });
  return table;
}
