import { h } from "../dom.js";

export interface Message {
  title: string;
  text: string;
  action?: { label: string; run: string | (() => void) };
}

/** A panel that says one thing and offers one action. */
export function messagePanel({ title, text, action }: Message): HTMLElement {
  const panel = h("section", { class: "panel message" }, h("h1", {}, title), h("p", {}, text));
  if (action && typeof action.run === "string") panel.append(h("a", { class: "button", href: action.run }, action.label));
  else if (action) {
    const button = h("button", { class: "button", type: "button" }, action.label);
    button.addEventListener("click", action.run as () => void);
    panel.append(button);
  }
  return panel;
}
