import type uPlot from "../../vendor/uplot/uPlot.esm.js";
import type { Entry } from "@paceboard/client";
import { h, setText } from "../dom.js";
import { displayName, plural, type Formatter } from "../format.js";
import type { History } from "../history.js";
import { drawLabels } from "./chart-labels.js";

/** This many leaders have a line; the viewer has one more. */
const leaders = 5;
const height = 280;
const shortest = 60; // seconds shown at least, so that the first minute fills from the left

interface Line {
  label: string;
  user: string;
  tone: "gold" | "accent" | "muted";
}

/** Scores over time, as this page has seen them. The plotting library is fetched when it is first needed. */
export class Chart {
  readonly #format: Formatter;
  readonly #since = h("p", { class: "help" }, "\u00a0");
  readonly #canvas = h("div", { class: "chart-canvas", role: "img", "aria-label": "Lines of the scores." });
  readonly element = h("section", { class: "chart" }, h("h2", {}, "Score over time"), this.#since, this.#canvas);
  readonly #resized = new ResizeObserver(() => this.#fit());
  readonly #themed = new MutationObserver(() => this.#plot?.redraw());
  #plot: uPlot | undefined;
  #loading = false;
  #gone = false;
  #lines: Line[] = [];

  constructor(format: Formatter) {
    this.#format = format;
    this.#resized.observe(this.#canvas);
    this.#themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  update(history: History, entries: readonly Entry[], mine: Entry | undefined, now: number): void {
    const top = entries.slice(0, leaders);
    const shown = mine && !top.some(({ user_id }) => user_id === mine.user_id) ? [...top, mine] : top;
    this.#lines = shown.map((entry, i) => ({
      user: entry.user_id,
      label: displayName(entry),
      tone: entry.user_id === mine?.user_id ? "accent" : i === 0 ? "gold" : "muted",
    }));
    if (history.begin !== undefined) {
      const who = `${top.length} ${plural(top.length, "leader")}`;
      setText(this.#since, `The first ${who}${shown.length > top.length ? " and you" : ""}, since you opened this page at ${this.#format.clock(history.begin)}`);
      const scores = shown.map((entry) => `${displayName(entry)} ${this.#format.integer(entry.score)}`);
      this.#canvas.setAttribute("aria-label", `Lines of the scores. Now: ${scores.join(", ")}.`);
    }
    if (document.hidden || !this.#inView()) return;
    if (!this.#plot) return void this.#load(history, now);
    this.#plot.setData(this.#data(history, now));
  }

  destroy(): void {
    this.#gone = true;
    this.#resized.disconnect();
    this.#themed.disconnect();
    this.#plot?.destroy();
  }

  async #load(history: History, now: number): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const { default: Plot } = await import("../../vendor/uplot/uPlot.esm.js");
      if (!this.#gone) this.#plot = new Plot(this.#settings(Plot), this.#data(history, now), this.#canvas);
    } catch {
      this.#loading = false; // the board goes on without it, and the next update tries again
    }
  }

  // One series for each place, so that a change among the leaders changes data, not the plot.
  #data(history: History, now: number): uPlot.AlignedData {
    const { times, tracks } = history.tracks(this.#lines.map(({ user }) => user), now);
    const nothing = times.map(() => null);
    const series = Array.from({ length: leaders + 1 }, (_, i) => tracks[i]?.scores ?? nothing);
    return [times, ...series];
  }

  #settings(Plot: typeof uPlot): uPlot.Options {
    const stepped = Plot.paths.stepped!({ align: 1 });
    const tone = (i: number): string => this.#lines[i]?.tone ?? "muted";
    const axis = { stroke: () => colour("muted"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false }, font: "13px system-ui" };
    return {
      width: this.#canvas.clientWidth,
      height,
      padding: [12, this.#gutter(), 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { range: (_, min, max) => [min, Math.max(max, min + shortest)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 96, size: 32, values: (_, splits) => this.#times(splits) },
        { ...axis, space: 48, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? this.#format.integer(value) : "")), size: axisWidth },
      ],
      series: [
        {},
        ...Array.from({ length: leaders + 1 }, (_, i) => ({
          paths: stepped,
          stroke: () => colour(tone(i)),
          width: i === 0 ? 2.5 : 1.5,
          points: { show: false },
        })),
      ],
      hooks: { draw: [(plot) => drawLabels(plot, this.#lines, colour, Plot.pxRatio)] },
    };
  }

  #times(splits: number[]): string[] {
    const whole = (splits.at(-1) ?? 0) - (splits[0] ?? 0) > 600;
    return splits.map((t) => this.#format.clock(t * 1000).slice(0, whole ? 5 : 8));
  }

  #gutter(): number {
    return this.#canvas.clientWidth < 560 ? 92 : 148;
  }

  #fit(): void {
    if (this.#plot && this.#canvas.clientWidth > 0) this.#plot.setSize({ width: this.#canvas.clientWidth, height });
  }

  #inView(): boolean {
    const { top, bottom } = this.#canvas.getBoundingClientRect();
    return bottom > -200 && top < innerHeight + 200;
  }
}

const colour = (token: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();

function axisWidth(_plot: uPlot, values: string[] | null): number {
  return 16 + 8 * Math.max(3, ...(values ?? []).map((value) => value.length));
}
