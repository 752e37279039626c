// What the page can do beyond being read: draw its long parts when they are needed,
// filter, one language for all snippets, copying, and trying an operation with the
// token of the session.
"use strict";
const all = (selector, of = document) => [...of.querySelectorAll(selector)];
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// One language for all snippets.
const remembered = "paceboard.docs.language";
function showLanguage(article) {
  const offered = all("[data-pick]", article);
  const chosen = offered.find((button) => button.dataset.pick === language) ?? offered[0];
  for (const button of offered) button.setAttribute("aria-pressed", String(button === chosen));
  for (const figure of all("[data-language]", article)) figure.hidden = figure.dataset.language !== chosen?.dataset.pick;
}
let language = "curl";
try {
  language = localStorage.getItem(remembered) ?? language;
} catch {
  // Storage is forbidden: it lasts until the page is left.
}

// Most of the page stands in <noscript>, which a browser with scripts reads as text. It is
// drawn where it comes near the view, and the rest, which is to be found by the browser's
// own search, while there is nothing else to do.
const undrawn = new Set(all("main :is(article, .schema)"));
const anchors = CSS.supports("overflow-anchor", "auto"); // the browser itself keeps what is read in its place
function draw(part) {
  if (!undrawn.delete(part)) return;
  near.unobserve(part);
  const above = !anchors && part.getBoundingClientRect().bottom < 0;
  const before = above ? part.offsetHeight : 0;
  const text = part.querySelector("noscript");
  text.replaceWith(document.createRange().createContextualFragment(text.textContent));
  showLanguage(part);
  if (above) scrollBy({ top: part.offsetHeight - before, behavior: "instant" });
}
const drawAll = () => undrawn.forEach(draw);
const near = new IntersectionObserver((seen) => seen.forEach(({ isIntersecting, target }) => isIntersecting && draw(target)), { rootMargin: "100% 0px" });
undrawn.forEach((part) => near.observe(part));
const whenIdle = globalThis.requestIdleCallback ?? ((run) => setTimeout(run, 16));
function drawNext(time) {
  for (const part of undrawn) {
    draw(part);
    if (!(time?.timeRemaining() > 10)) return whenIdle(drawNext);
  }
}
// Only once somebody reads: before that it would take the time of what is in view.
const reads = ["pointerdown", "keydown", "wheel", "scroll"];
function begin() {
  for (const sign of reads) removeEventListener(sign, begin);
  whenIdle(drawNext);
}
for (const sign of reads) addEventListener(sign, begin, { passive: true });
addEventListener("beforeprint", drawAll);
// A way within the page ends where it should if nothing grows on it.
if (location.hash !== "") drawAll();
addEventListener("click", ({ target }) => target.closest?.('a[href^="#"]') && drawAll(), true);

addEventListener("click", async ({ target }) => {
  const { pick: chosen, copy } = target.dataset ?? {};
  if (chosen !== undefined) {
    const before = target.getBoundingClientRect().top;
    language = chosen;
    all("article").forEach(showLanguage);
    scrollBy({ top: target.getBoundingClientRect().top - before, behavior: "instant" });
    try {
      localStorage.setItem(remembered, chosen);
    } catch {
      // As above.
    }
  }
  if (copy !== undefined) {
    await navigator.clipboard.writeText(target.parentElement.querySelector("pre").textContent).then(() => (target.textContent = "Copied"), () => (target.textContent = "Not copied"));
    setTimeout(() => (target.textContent = "Copy"), 2000);
  }
});

// The filter.
const filter = document.querySelector("#filter");
const found = document.querySelector("#found");
const textOf = (part) => `${part.id} ${part.querySelector("h3").textContent} ${part.querySelector(".route")?.textContent ?? ""}`.toLowerCase();
let texts; // of the parts, once somebody filters
filter.addEventListener("input", () => {
  texts ??= new Map(all("main article, main .schema").map((part) => [part, textOf(part)]));
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let operations = 0;
  for (const [part, text] of texts) {
    part.hidden = !words.every((word) => text.includes(word));
    const entry = document.querySelector(`[data-for="${part.id}"]`);
    if (entry) entry.hidden = part.hidden;
    if (entry && !part.hidden) operations++;
  }
  for (const guide of all("main .guide")) guide.hidden = words.length > 0;
  found.textContent = words.length === 0 ? "" : `${operations} ${operations === 1 ? "operation" : "operations"}`;
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  filter.focus();
});

// Trying: with the token of the page's session, which may be given here too.
let given = "";
function sessionToken() {
  if (given !== "") return given;
  try {
    return sessionStorage.getItem("paceboard.token") ?? JSON.parse(localStorage.getItem("paceboard.session") ?? "{}").access_token ?? "";
  } catch {
    return "";
  }
}

addEventListener("toggle", ({ target }) => target.matches(".try") && !target.querySelector("form") && target.append(tryForm(target)), true);

function tryForm(details) {
  const article = details.closest("article");
  const { method, path } = details.dataset;
  const example = details.querySelector("pre");
  const fields = all("[data-in=path], [data-in=query]", article).map((row) => ({
    name: row.dataset.name, place: row.dataset.in, input: make("input", { value: row.dataset.sample, spellcheck: false, autocomplete: "off" }),
  }));
  const body = example && make("textarea", { value: example.textContent, spellcheck: false });
  const token = make("input", { type: "password", autocomplete: "off", placeholder: sessionToken() === "" ? "" : "of your session" });
  const said = make("output", {});
  const send = make("button", { type: "submit", className: "send" }, `Send ${method}`);
  const form = make("form", {}, ...fields.map(({ name, input }) => make("label", {}, name, input)),
    ...(body ? [make("label", {}, "Body", body)] : []), make("label", {}, "Token", token), send, said);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (token.value !== "") given = token.value.trim();
    const query = new URLSearchParams();
    let address = path;
    for (const { name, place, input } of fields) {
      if (place === "path") address = address.replace(`{${name}}`, encodeURIComponent(input.value));
      else if (input.value !== "") query.append(name, input.value);
    }
    if (query.size > 0) address += `?${query}`;
    send.disabled = true;
    try {
      const headers = { ...(sessionToken() && { Authorization: `Bearer ${sessionToken()}` }), ...(body && { "Content-Type": "application/json" }) };
      const response = await fetch(address, { method, headers, ...(body && { body: body.value }), credentials: "omit" });
      const text = await response.text();
      let shown = text;
      try {
        shown = JSON.stringify(JSON.parse(text), null, 2);
      } catch {
        // Not JSON: as it is.
      }
      const cut = shown.length > 20_000 ? `${shown.slice(0, 20_000)}\n…` : shown;
      said.replaceChildren(make("p", { className: response.ok ? "" : "wrong" }, `${response.status} ${response.statusText}`), make("pre", {}, cut));
    } catch {
      said.replaceChildren(make("p", { className: "wrong" }, "The server does not answer."));
    } finally {
      send.disabled = false;
    }
  });
  return form;
}
