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
