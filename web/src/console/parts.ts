import type { PaceboardError } from "@paceboard/client";
import { h } from "../dom.js";
import { Fields, type Field } from "./fields.js";
import { explain } from "./problems.js";
import type { Amounts } from "./shapes.js";
import type { Console } from "./app.js";

/** A link that looks like one. */
export const link = (href: string, text: string): HTMLAnchorElement => h("a", { class: "link", href }, h("bdi", {}, text));

export function button(label: string, run: () => void, kind = "button"): HTMLButtonElement {
  const made = h("button", { type: "button", class: kind }, label);
  made.addEventListener("click", run);
  return made;
}

/** What is shown once, to be copied: all of it is selected. */
export function secretField({ label, value }: { label: string; value: string }): HTMLInputElement {
  const field = h("input", { class: "secret", readonly: true, value, "aria-label": label });
  field.addEventListener("focus", () => field.select());
  return field;
}

/** The head of a view: what it is, a sentence on it, and what can be done. */
export function head(title: string, text: string, ...actions: (Node | false)[]): HTMLElement {
  return h("div", { class: "screen-head" }, h("div", {}, h("h1", {}, title), h("p", { class: "facts" }, text)), h("div", { class: "screen-actions" }, ...actions));
}

/** Filters above a table, kept in the address; `apply` is told what they are. */
export function filters(fields: readonly Field[], apply: (values: Record<string, string>) => void): HTMLFormElement {
  const asked = new Fields(fields);
  const form = h("form", { class: "filters", role: "search" }, ...asked.elements, h("button", { type: "submit", class: "quiet edged" }, "Show"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(asked.values());
  });
  for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => apply(asked.values()));
  return form;
}

/** What cannot be shown, and why. */
export function failure(error: PaceboardError, again: () => void): HTMLElement {
  const { said, advice } = explain(error);
  return h("section", { class: "panel message" }, h("h1", {}, "This cannot be shown"), h("p", {}, advice === undefined ? said : `${said} ${advice}`), button("Try again", again));
}

export function status(word: string, tone: string): HTMLElement {
  return h("span", { class: "status", "data-tone": tone }, word);
}

/** Amounts in words, without those that are 0. */
export function amounts(a: Amounts, { format }: Console): string {
  const parts = [
    a.steps ? `${format.integer(a.steps)} steps` : "", a.distance ? `${format.decimal(a.distance / 1000)} km` : "",
    a.calories ? `${format.integer(a.calories)} kcal` : "", a.active_minutes ? `${format.integer(a.active_minutes)} min` : "",
  ].filter((part) => part !== "");
  return parts.join(", ") || "nothing";
}

/** A name beside its id. */
export function person(id: string, name: string | undefined): Node {
  const shown = name?.trim();
  return shown ? h("span", {}, h("bdi", {}, shown), " ", h("span", { class: "id" }, id)) : h("bdi", {}, id);
}
