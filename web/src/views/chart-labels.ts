import type uPlot from "../../vendor/uplot/uPlot.esm.js";

interface Labelled {
  label: string;
  tone: string;
}

const lineHeight = 17;

/** Writes each line's name at its end, so that no legend is needed, and lets none cover another. */
export function drawLabels(plot: uPlot, lines: readonly Labelled[], colour: (token: string) => string, ratio: number): void {
  const { ctx, bbox } = plot;
  const ends = lines.flatMap((line, i) => {
    const score = plot.data[i + 1]?.at(-1);
    return score === null || score === undefined ? [] : [{ ...line, y: plot.valToPos(score, "y", true) }];
  });
  const ys = spread(ends.map(({ y }) => y), lineHeight * ratio, bbox.top, bbox.top + bbox.height);
  const lastTime = plot.data[0].at(-1) ?? 0;
  const from = Math.min(plot.valToPos(lastTime, "x", true), bbox.left + bbox.width);
  const room = plot.ctx.canvas.width - bbox.left - bbox.width - 20 * ratio;
  ctx.save();
  ctx.font = `${13 * ratio}px system-ui`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ends.forEach(({ label, tone, y }, i) => {
    const at = ys[i]!;
    ctx.fillStyle = colour(tone);
    ctx.beginPath();
    ctx.arc(from, y, 3.5 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.fillStyle = colour(tone === "muted" ? "muted" : "ink");
    ctx.fillText(shorten(ctx, label, room), from + 10 * ratio, at);
  });
  ctx.restore();
}

/**
 * Moves positions apart until none is nearer than `gap` to the next, as little
 * as that takes, and within [min, max] as far as there is room.
 */
export function spread(positions: readonly number[], gap: number, min: number, max: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a]! - positions[b]! || a - b);
  const placed = [...positions];
  let floor = min;
  for (const i of order) {
    placed[i] = Math.max(placed[i]!, floor);
    floor = placed[i]! + gap;
  }
  let ceiling = max;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i]!, ceiling);
    ceiling = placed[i]! - gap;
  }
  return placed;
}

function shorten(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && ctx.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}
