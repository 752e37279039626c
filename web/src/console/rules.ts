import type { Formatter } from "../format.js";

export type Amounts = { steps?: number; distance?: number; calories?: number; active_minutes?: number };

/** What decides about a competition; what is left out has the server's default. */
export interface Definition {
  id?: string;
  name?: string;
  description?: string;
  type?: string;
  start_date?: string;
  end_date?: string;
  time_zone?: string;
  entry_fee?: number;
  prize_pool?: number;
  currency?: string;
  scoring?: Amounts;
  prize_split?: number[];
  enrollment?: string;
  visibility?: string;
  max_participants?: number;
  daily_limits?: Amounts;
  late_sync_hours?: number;
}

const units = { steps: "step", distance: "metre", calories: "kilocalorie", active_minutes: "active minute" } as const;
export const defaultLimits: Required<Amounts> = { steps: 100_000, distance: 200_000, calories: 20_000, active_minutes: 1440 };

/** The rules of a competition as sentences, in the order in which somebody would ask. */
export function rulesInWords(d: Definition, format: Formatter): string[] {
  const zone = d.time_zone || "UTC";
  const money = (amount: number): string => format.money(amount, d.currency || "USD");
  const rules = [points(d.scoring), window(d, zone, format)];
  const late = d.late_sync_hours ?? 24;
  rules.push(late === 0 ? "Nothing that arrives after the end counts." : `What arrives late counts for ${late} more ${late === 1 ? "hour" : "hours"}; then the standings are final.`);
  const limits = { ...defaultLimits, ...d.daily_limits };
  const caps = [`${format.integer(limits.steps)} steps`, `${format.integer(limits.distance / 1000)} km`, `${format.integer(limits.calories)} kcal`, `${format.integer(limits.active_minutes)} active minutes`];
  rules.push(`A day with more than ${caps.slice(0, 3).join(", ")} or ${caps[3]} is refused.`);
  rules.push(who(d, format));
  const fee = d.entry_fee ?? 0;
  if (fee > 0) rules.push(`Taking part costs ${money(fee)}, given back to who leaves before the start.`);
  rules.push(prizes(d, money));
  return rules;
}

function points(scoring: Amounts = { steps: 1 }): string {
  const parts = (Object.keys(units) as (keyof typeof units)[])
    .filter((unit) => (scoring[unit] ?? 0) > 0)
    .map((unit) => `${scoring[unit]} ${scoring[unit] === 1 ? "point" : "points"} for each ${units[unit]}`);
  if (parts.length === 0) return "Nothing gives points: set at least one weight.";
  return `${parts.length === 1 ? parts[0] : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`}.`;
}

function window(d: Definition, zone: string, format: Formatter): string {
  const [from, to] = [Date.parse(d.start_date ?? ""), Date.parse(d.end_date ?? "")];
  if (Number.isNaN(from) || Number.isNaN(to)) return "Say when it starts and ends.";
  if (to <= from) return "The end must come after the start.";
  return `Days from ${format.at(from, zone)} to ${format.at(to, zone)} count, by the midnight of ${zone}.`;
}

function who(d: Definition, format: Formatter): string {
  const most = d.max_participants ?? 0;
  const open = d.visibility !== "private" && d.enrollment !== "invite" && (d.entry_fee ?? 0) === 0;
  const seen = d.visibility === "private" ? "Only those who take part see the board." : "Everybody who is signed in sees the board.";
  const join = open ? "Anybody can join, also by a first sync." : d.visibility === "private" || d.enrollment === "invite" ? "One joins by invitation or code." : "Anybody can join, by paying the fee.";
  return `${join}${most > 0 ? ` At most ${format.integer(most)} take part.` : ""} ${seen}`;
}

function prizes(d: Definition, money: (amount: number) => string): string {
  const pool = d.prize_pool ?? 0;
  if (pool === 0) return "There are no prizes.";
  const split = d.prize_split ?? [60, 30, 10];
  const sum = split.reduce((all, share) => all + share, 0);
  if (Math.abs(sum - 100) > 0.0005) return `The shares of the prize pool must add up to 100; they come to ${Number(sum.toFixed(3))}.`;
  const shown = split.slice(0, 5).map((share, i) => `${money((pool * share) / 100)} for place ${i + 1}`);
  return `${money(pool)} in prizes: ${shown.join(", ")}${split.length > 5 ? ", and so on" : ""}. Equal scores share.`;
}
