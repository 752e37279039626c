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

/** What one signs in with: the project's forms, the field for a token, or both. */
function ways(session: Session, title: HTMLElement, failure: string | undefined, done: () => void = () => {}): HTMLElement {
  const { url, paste } = session.ways;
  const element = h("div", { class: "ways" });
  if (failure !== undefined) element.append(h("p", { class: "wrong", role: "alert" }, failure));
  if (url !== undefined) {
    const room = h("div", { class: "account loading", "aria-busy": "true" }, ...["", "wide", "", "wide"].map((width) => h("span", { class: `blank ${width}` })));
    element.append(room);
    void loadForms(session, title, room);
  }
  if (paste && url !== undefined) element.append(h("details", {}, h("summary", {}, "Use an access token"), signInForm(session, done)));
  else if (paste) element.append(h("p", {}, "Boards are for those who take part. Paste the access token of your account to look at them."), signInForm(session, done));
  if (url === undefined && !paste) element.append(h("p", {}, "Boards are for those who take part. Open this one from your app, or from the link that its organiser has sent you."));
  return element;
}

async function loadForms(session: Session, title: HTMLElement, room: HTMLElement): Promise<void> {
  try {
    const [{ AccountForms }, project] = await Promise.all([import("../auth.js"), session.project()]);
    room.replaceWith(new AccountForms(project, title).element);
  } catch {
    const again = h("button", { class: "button", type: "button" }, "Try again");
    again.addEventListener("click", () => void loadForms(session, title, room));
    room.replaceChildren(h("p", { class: "wrong", role: "alert" }, "The server does not answer."), again);
  }
}

/** The panel for those who come without a session, whose session was refused, or whose way in has failed. */
export function signInPanel(session: Session, failure?: string): HTMLElement {
  const title = h("h1", {}, "Sign in");
  const why = session.refused ? "Your sign-in has expired, or this server does not take it. Sign in again to go on." : failure;
  return h("section", { class: "panel message sign-in" }, title, ways(session, title, why));
}

/** The same over a board that should stay in sight. */
export function signInDialog(session: Session): void {
  const dialog = h("dialog", { class: "panel sign-in", "aria-labelledby": "signin-title" });
  const cancel = h("button", { class: "quiet", type: "button" }, "Cancel");
  const title = h("h2", { id: "signin-title" }, "Sign in");
  const done = (): void => dialog.close();
  const stop = session.onChange(done);
  cancel.addEventListener("click", done);
  dialog.append(title, ways(session, title, undefined, done), cancel);
  dialog.addEventListener("close", () => {
    stop();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** What stands where a view will be, while the project answers. */
export function signingIn(): HTMLElement {
  return h("section", { class: "panel message", "aria-busy": "true" }, h("h1", {}, "Signing you in…"), h("p", {}, "This takes a moment."));
}

/** How a token's user is named in a question: what the token says is anybody's writing until the server has judged it. */
function nameOf({ name, sub }: Claims): string {
  const text = (name || sub || "a service").replace(/[\p{Cc}\p{Cf}]/gu, "");
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Signs in with the token that a link carried. */
export function takeLinkToken(session: Session, token: string): void {
  if (token !== session.token && looksLikeToken(token)) askForSwitch(session, token, () => session.signIn(token));
}

/** Signs in with what a link carried. A viewer who is signed in already is asked first: anybody can write such a link. */
export function askForSwitch(session: Session, token: string, signIn: () => void): void {
  const { sub } = session.viewer;
  if (session.token === undefined || (session.ways.url !== undefined && sub !== undefined && sub === readClaims(token).sub)) return signIn();
  document.querySelector<HTMLDialogElement>("dialog.switch")?.close();
  const dialog = h("dialog", { class: "panel switch", "aria-labelledby": "switch-title" });
  const keep = h("button", { class: "button", type: "button" }, `Stay ${nameOf(session.viewer)}`);
  const change = h("button", { class: "quiet", type: "button" }, "Use the link's account");
  keep.addEventListener("click", () => dialog.close());
  change.addEventListener("click", () => {
    dialog.close();
    signIn();
  });
  const text = `The link that you opened would sign you in as ${nameOf(readClaims(token))}. Do that only if you know where it comes from.`;
  dialog.append(h("h2", { id: "switch-title" }, "Change the account?"), h("p", {}, text), h("p", { class: "choices" }, keep, " ", change));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
