import { h } from "../dom.js";

const keys = [
  ["/", "Go to the search"],
  ["j", "Next row"],
  ["k", "Row before"],
  ["Enter", "Open the row"],
  ["n", "Next page"],
  ["p", "Page before"],
  ["?", "These keys"],
  ["Esc", "Close a panel"],
] as const;

/** The keys that work where nothing is being typed. */
export function listenForKeys(): void {
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || target.matches("input, textarea, select")) return;
    if (press(event.key, target)) event.preventDefault();
  });
}

function press(key: string, target: HTMLElement): boolean {
  switch (key) {
    case "/":
      return focus(document.querySelector<HTMLElement>(".filters input"));
    case "j":
      return step(1);
    case "k":
      return step(-1);
    case "Enter":
      return target.matches("tr") && click(target.querySelector<HTMLElement>("a, button"));
    case "n":
      return click(document.querySelector<HTMLElement>(".pager:not([hidden]) button:last-of-type:not(:disabled)"));
    case "p":
      return click(document.querySelector<HTMLElement>(".pager:not([hidden]) button:first-of-type:not(:disabled)"));
    case "?":
      showKeys();
      return true;
    default:
      return false;
  }
}

function step(by: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("tbody tr[tabindex]")];
  const at = rows.indexOf(document.activeElement?.closest("tr") as HTMLElement);
  return focus(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]);
}

function focus(element: HTMLElement | null | undefined): boolean {
  element?.focus();
  return element != null;
}

function click(element: HTMLElement | null): boolean {
  element?.click();
  return element !== null;
}

export function showKeys(): void {
  const close = h("button", { type: "button", class: "button" }, "Close");
  const dialog = h("dialog", { class: "panel", "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, "Keys"),
    h("dl", { class: "facts-grid" }, ...keys.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("div", { class: "choices" }, close));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
