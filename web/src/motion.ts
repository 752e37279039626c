/** Most rows that glide at once; when more would move, all fade. */
export const mostMoving = 12;

const glideMs = 250;
const countMs = 450;

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether nothing may move: the tab is hidden, or the viewer asked for calm. */
export const still = (): boolean => document.hidden || reduced.matches;

/**
 * Lets rows glide from where they were to where `change` puts them (first,
 * last, invert, play): transforms alone, so no layout is done on the way.
 * Only rows in view count and move.
 */
export function glide(rows: () => Iterable<HTMLElement>, body: HTMLElement, change: () => void): void {
  if (still()) return change();
  const before = new Map<HTMLElement, number>();
  for (const row of rows()) before.set(row, row.getBoundingClientRect().top);
  change();
  const moves: [HTMLElement, number][] = [];
  for (const row of rows()) {
    for (const running of row.getAnimations()) if (running.id === "glide") running.cancel();
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
    motion.onfinish = () => row.classList.remove("rising");
  }
}

const counting = new WeakMap<Element, number>();

/** Counts a number up (or down) to its new value, once. `write` shows a value; the last call has the exact one. */
export function countTo(element: HTMLElement, from: number, to: number, write: (value: number) => void): void {
  cancelAnimationFrame(counting.get(element) ?? 0);
  if (from === to || still() || !inView(element.getBoundingClientRect().top)) return write(to);
  const begin = performance.now();
  const step = (now: number): void => {
    const part = Math.min(1, Math.max(0, (now - begin) / countMs));
    write(Math.round(from + (to - from) * (1 - (1 - part) ** 3)));
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

function inView(top: number): boolean {
  return top > -80 && top < innerHeight;
}
