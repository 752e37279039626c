import { h } from "./dom.js";

export interface NoticeContent {
  tone: "warn" | "err";
  text: string;
  action?: { label: string; run(): void };
}

/** The one line in the head bar that tells what is wrong at this moment. It has its room always, so nothing moves. */
export class Notice {
  readonly #element: HTMLElement;
  #shown = "";

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  show(content: NoticeContent | undefined): void {
    const key = content ? `${content.tone} ${content.text} ${content.action?.label}` : "";
    if (key === this.#shown) return;
    this.#shown = key;
    document.body.classList.toggle("noticed", content !== undefined);
    if (!content) return this.#element.replaceChildren();
    const { tone, text, action } = content;
    const line = h("p", { class: "notice-text", "data-tone": tone }, text);
    this.#element.replaceChildren(line);
    if (!action) return;
    const button = h("button", { type: "button", class: "quiet" }, action.label);
    button.addEventListener("click", action.run);
    this.#element.append(button);
  }
}
