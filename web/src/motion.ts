/** Most rows that glide at once; when more would move, all fade. */
export const mostMoving = 12;

const glideMs = 250;
const countMs = 450;
const countEvery = 50;

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether nothing may move: the tab is hidden, or the viewer asked for calm. */
export const still = (): boolean => document.hidden || reduced.matches;

/**
 * Where rows were before anything was written, all asked at once: a question
 * between writes makes the browser lay out the page for each.
 */
export type Tops = ReadonlyMap<HTMLElement, number>;

/** The tops of rows; none when nothing may move. */
export function topsOf(rows: Iterable<HTMLElement>): Tops {
  const tops = new Map<HTMLElement, number>();
  if (!still()) for (const row of rows) tops.set(row, row.getBoundingClientRect().top);
  return tops;
}

/**
 * Lets rows glide from where they were to where `change` puts them (first,
 * last, invert, play): transforms alone, so no layout is done on the way.
 * Only rows in view count and move.
 */
export function glide(rows: () => Iterable<HTMLElement>, body: HTMLElement, before: Tops, change: () => void): void {
  change();
  if (still()) return;
  const moves: [HTMLElement, number][] = [];
  for (const row of rows()) {
    gliding.get(row)?.cancel();
    const [from, to] = [before.get(row), row.getBoundingClientRect().top];
    if (from === undefined || Math.abs(from - to) < 1) continue;
    if (inView(from) || inView(to)) moves.push([row, from - to]);
  }
  if (moves.length > mostMoving) {
    body.animate([{ opacity: 0.35 }, { opacity: 1 }], { duration: glideMs, easing: "ease-out" });
    return;
  }
  for (const [row, by] of moves) {
    row.classList.toggle("rising", by > 0);
    const motion = row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: glideMs, easing: "ease-out", id: "glide" });
    gliding.set(row, motion);
    motion.onfinish = () => {
      gliding.delete(row);
      row.classList.remove("rising");
    };
  }
}

const gliding = new WeakMap<HTMLElement, Animation>();
const counting = new WeakMap<Element, number>();

/**
 * Counts a number up (or down) to its new value, once, if it may be `seen`. `write`
 * shows a value, at most twenty times a second; the last call has the exact one.
 */
export function countTo(element: HTMLElement, from: number, to: number, seen: boolean, write: (value: number) => void): void {
  cancelAnimationFrame(counting.get(element) ?? 0);
  if (from === to || !seen || still()) return write(to);
  const begin = performance.now();
  let written = begin;
  const step = (now: number): void => {
    const part = Math.min(1, Math.max(0, (now - begin) / countMs));
    if (part === 1 || now - written >= countEvery) {
      written = now;
      write(Math.round(from + (to - from) * (1 - (1 - part) ** 3)));
    }
    if (part < 1) counting.set(element, requestAnimationFrame(step));
  };
  counting.set(element, requestAnimationFrame(step));
}

/** One gentle flash of gold. */
export function flash(element: HTMLElement): void {
  if (still()) return;
  element.classList.remove("flash");
  requestAnimationFrame(() => element.classList.add("flash"));
  element.addEventListener("animationend", () => element.classList.remove("flash"), { once: true });
}

// Kept until it changes: on a phone, asking for it makes the browser lay out the page.
let viewHeight: number | undefined;
addEventListener("resize", () => (viewHeight = undefined));

/** Whether something of a row's height is in view, or nearly, that begins there. */
export function inView(top: number): boolean {
  viewHeight ??= innerHeight;
  return top > -80 && top < viewHeight;
}
