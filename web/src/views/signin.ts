import { looksLikeToken, readClaims, type Claims } from "@paceboard/client";
import { h, setText } from "../dom.js";
import type { Session } from "../session.js";

/** The form where one pastes a token. `done` is called once the session has it. */
export function signInForm(session: Session, done: () => void = () => {}): HTMLFormElement {
  const input = h("input", {
    id: "token", name: "token", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    required: true, "aria-describedby": "token-help",
  });
  const help = h("p", { id: "token-help", class: "help" }, "It stays in this tab and is sent to this server alone.");
  const form = h("form", { class: "signin" },
    h("label", { for: "token" }, "Access token"), input, help,
    h("button", { class: "button", type: "submit" }, "Sign in"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (session.signIn(input.value)) return done();
    input.setAttribute("aria-invalid", "true");
    help.classList.add("wrong");
    setText(help, "This is not a token: one has three parts, joined by dots.");
    input.focus();
  });
  return form;
}

/** The panel for those who come without a token, or whose token was refused. */
export function signInPanel(session: Session): HTMLElement {
  const { refused } = session;
  const text = refused
    ? "Your token has expired, or this server does not take it. Paste another one to go on."
    : "Boards are for those who take part. Paste the access token of your account to look at them.";
  return h("section", { class: "panel message" }, h("h1", {}, refused ? "Please sign in again" : "Sign in"), h("p", {}, text), signInForm(session));
}

/** The same form over a board that should stay in sight. */
export function signInDialog(session: Session): void {
  const dialog = h("dialog", { class: "panel", "aria-labelledby": "signin-title" });
  const cancel = h("button", { class: "quiet", type: "button" }, "Cancel");
  cancel.addEventListener("click", () => dialog.close());
  const form = signInForm(session, () => dialog.close());
  form.append(cancel);
  dialog.append(h("h2", { id: "signin-title" }, "Sign in again"), form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** How a token's user is named in a question: what the token says is anybody's writing until the server has judged it. */
function nameOf({ name, sub }: Claims): string {
  const text = (name || sub || "a service").replace(/[\p{Cc}\p{Cf}]/gu, "");
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/**
 * Signs in with the token that a link carried. A viewer who is signed in already
 * is asked first: anybody can write such a link.
 */
export function takeLinkToken(session: Session, token: string): void {
  if (session.token === undefined) return void session.signIn(token);
  if (token === session.token || !looksLikeToken(token)) return;
  document.querySelector<HTMLDialogElement>("dialog.switch")?.close();
  const dialog = h("dialog", { class: "panel switch", "aria-labelledby": "switch-title" });
  const keep = h("button", { class: "button", type: "button" }, `Stay ${nameOf(session.viewer)}`);
  const change = h("button", { class: "quiet", type: "button" }, "Use the link's account");
  keep.addEventListener("click", () => dialog.close());
  change.addEventListener("click", () => {
    dialog.close();
    session.signIn(token);
  });
  const text = `The link that you opened would sign you in as ${nameOf(readClaims(token))}. Do that only if you know where it comes from.`;
  dialog.append(h("h2", { id: "switch-title" }, "Change the account?"), h("p", {}, text), h("p", { class: "choices" }, keep, " ", change));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
