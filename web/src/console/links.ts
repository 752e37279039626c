import { h } from "../dom.js";
import { drawQr } from "../qr-later.js";
import { pageOf } from "./api.js";
import type { Within } from "./competition.js";
import type { Action } from "./panel.js";
import { button, secretField } from "./parts.js";
import type { BoardLink, NamePrivacy } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";

const shown: Record<NamePrivacy, string> = { names: "Names", initials: "Initials", none: "No names, distances or times" };

/** The links by which people without an account see the board. */
export function linksPart({ app, competition, reload }: Within): { element: HTMLElement; destroy(): void } {
  const { api, format } = app;
  const privately = competition.visibility === "private";

  const making: Action = {
    title: "Make a link to the board",
    what: "Everybody who has the link sees this board, without an account, until the link ends. Participants see that there is a link, and what it shows. Its address is shown this once.",
    whom: `${competition.participant_count} who take part in ${competition.name}`,
    undo: "Revoke the link: nobody sees the board by it any more.",
    fields: [
      { name: "names", label: "What it shows of people", kind: "choice", value: "initials", choices: (["names", "initials", "none"] as const).filter((names) => !(privately && names === "names")).map((names) => [names, shown[names]] as const), ...(privately && { help: "This board is private: links to it show no names." }) },
      { name: "expires_at", label: "Until", kind: "moment", help: "In your own time zone, at most a year from now. Empty: 30 days after the end." },
    ],
    confirm: "Make the link",
    async run({ names, expires_at }, api) {
      const body = { names: names as NamePrivacy, ...(expires_at && { expires_at: new Date(expires_at).toISOString() }) };
      const made = await api.createBoardLink({ competition_id: competition.id, body });
      return { said: `The board of ${competition.name} has a link. Copy it now: it cannot be shown again.`, shown: addresses(made.path!), back: revoking(made) };
    },
  };
  const revoking = ({ id, names, expires_at }: BoardLink): Action => ({
    title: "Revoke a link",
    what: "Nobody sees the board by this link any more; screens and pages that show it stop within seconds.",
    whom: `The link with ${shown[names].toLowerCase()} until ${format.at(expires_at)}`,
    undo: "Make another link: its address is another one.",
    confirm: "Revoke",
    async run(_, api) {
      await api.revokeBoardLink({ competition_id: competition.id, link_id: id });
      return { said: "The link is revoked.", back: making };
    },
  });

  const table = new DataTable<BoardLink>({
    label: "Links to the board",
    columns: [
      { head: "Made", kind: "main", cell: ({ created_at }) => format.at(created_at) },
      { head: "Shows", cell: ({ names }) => shown[names] },
      { head: "Until", cell: ({ expires_at }) => format.at(expires_at) },
    ],
    load: () => pageOf("board_links", api.listBoardLinks({ competition_id: competition.id })),
    empty: "The board has no links.",
    actions: (l) => [rowButton("Revoke…", `the link of ${format.at(l.created_at)}`, () => app.act(revoking(l), reload))],
  });
  return {
    element: h("div", { class: "part-body" },
      h("p", { class: "facts" }, "For spectators, screens on a wall, and other sites. Addresses are shown once, when a link is made."),
      h("div", { class: "choices" }, button("Make a link…", () => app.act(making, reload))),
      table.element),
    destroy: () => table.destroy(),
  };
}

/** Where a link leads, for people, screens and other sites, and the code for cameras. */
function addresses(where: string): HTMLElement {
  const address = location.origin + where;
  const code = h("div", { class: "link-code" });
  void drawQr(code, address, "QR code of the link").catch(() => code.remove()); // the address is there, too
  const rows = [
    { label: "For people", value: address },
    { label: "For a screen on a wall", value: `${address}?tv=1` },
    { label: "For a site that EMBED_ORIGINS names", value: `<iframe src="${address}?embed=1" title="Leaderboard" width="100%" height="600"></iframe>` },
  ];
  return h("div", { class: "link-made" }, code, h("div", { class: "link-rows" }, ...rows.map((row) => h("div", {}, h("p", { class: "help" }, row.label), secretField(row)))));
}
