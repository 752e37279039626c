// The rules of a competition in words: to those who take part, line by line, and to those
// who are making them, with what is still wrong.
import type { Amounts, Competition, Definition, Explanation, Metrics, NamePrivacy } from "./api.js";
import { ordinal, plural, type Formatter } from "./format.js";

/** What is counted, in the order in which it is told. */
export const units = [
  { metric: "steps", one: "step", many: "steps" },
  { metric: "distance", one: "metre", many: "metres" },
  { metric: "calories", one: "kilocalorie", many: "kilocalories" },
  { metric: "active_minutes", one: "active minute", many: "active minutes" },
] as const;

/** The server's defaults. */
export const defaultLimits: Metrics = { steps: 100_000, distance: 200_000, calories: 20_000, active_minutes: 1440 };
export const defaultSplit: readonly number[] = [60, 30, 10];
export const defaultLateHours = 24;
export const defaultCurrency = "USD";

const hour = 3600_000;

/** An amount of a metric: distances from a kilometre on in kilometres. */
function amount(metric: keyof Metrics, value: number, format: Formatter): string {
  if (metric === "distance" && value >= 1000) return `${format.decimal(value / 1000)} km`;
  const { one, many } = units.find((unit) => unit.metric === metric)!;
  return `${format.decimal(value)} ${plural(value, one, many)}`;
}

/** The metrics that give points. */
const weighted = (scoring: Amounts): typeof units[number][] => units.filter(({ metric }) => (scoring[metric] ?? 0) > 0);

/** The amounts above 0 of what gives points, joined. */
function amounts(metrics: Amounts, scoring: Amounts, format: Formatter): string {
  const counted = weighted(scoring).filter(({ metric }) => (metrics[metric] ?? 0) > 0);
  return counted.length === 0 ? "nothing" : listed(counted.map(({ metric }) => amount(metric, metrics[metric]!, format)));
}

const listed = (parts: string[], last = "and"): string => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} ${last} ${parts.at(-1)}`);

/** The prizes as they would be paid, before they are final: place and amount. */
export function prizeTable({ prize_pool: pool, prize_split: split, currency }: Competition, format: Formatter): [place: string, amount: string][] {
  return pool > 0 ? split.map((percent, i) => [ordinal(i + 1), format.money((pool * percent) / 100, currency)]) : [];
}

/** The rules in words: what each line is about, and what holds. */
export function rulesOf(competition: Competition, format: Formatter): [term: string, text: string][] {
  const { daily_limits: limits, entry_fee: fee, late_sync_hours: late, time_zone: zone } = competition;
  const scoring: Amounts = competition.scoring ?? {};
  const weights = weighted(scoring);
  const rules: [string, string][] = [
    ["Points", `${listed(weights.map(({ metric, one }) => `${format.decimal(scoring[metric]!)} for each ${one}`))}. A day counts, by each measure, what your best device reported.`],
    ["A day at most", `${listed(weights.map(({ metric }) => amount(metric, limits[metric], format)))}. A day with more is refused.`],
  ];
  rules.push(["Days", `${format.days(competition.start_date, competition.end_date, zone)}. Days begin and end at midnight in ${zone.replaceAll("_", " ")}.`]);
  const final = Date.parse(competition.end_date) + late * hour;
  rules.push(["Late syncs", late > 0 ? `Count until ${format.moment(final)} your time, if they are of days before the end.` : "Do not count after the end."]);
  rules.push(["Entry fee", fee > 0 ? `${format.money(fee, competition.currency)}, paid back if you leave before the start or if the competition is cancelled.` : "None."]);
  if (competition.prize_pool > 0) rules.push(["Prizes", "Shares of the pool for scores above 0, as below. Equal scores share their places' prizes."]);
  const most = competition.max_participants;
  const room = most > 0 ? ` At most ${format.integer(most)} take part.` : "";
  rules.push(["Who", (competition.enrollment === "invite" ? "By invitation or with a code." : "Everybody, until the end.") + room]);
  const links = competition.board_links ?? [];
  if (links.length > 0) rules.push(["Seen by link", `Everybody who has ${links.length === 1 ? "its link" : "one of its links"} sees this board: ${listed(shownTo(links, format))}.`]);
  return rules;
}

const namesShown: Record<NamePrivacy, string> = { names: "with names", initials: "with initials", none: "without names" };

/** What links show of names, and until when. */
function shownTo(links: NonNullable<Competition["board_links"]>, format: Formatter): string[] {
  return (Object.keys(namesShown) as NamePrivacy[]).flatMap((names) => {
    const ends = links.filter((link) => link.names === names).map(({ expires_at }) => Date.parse(expires_at));
    return ends.length === 0 ? [] : [`${namesShown[names]} until ${format.at(Math.max(...ends))}`];
  });
}

/** A day of an explanation in words: what it counts for, and why each device's report counts or does not. */
export function explainDay(day: Omit<Explanation["days"][number], "flags">, scoring: Amounts, format: Formatter): string[] {
  const lines = [`${format.decimal(day.points)} ${plural(day.points, "point")} for ${amounts(day, scoring, format)}.`];
  if (day.correction) lines.push(`The organiser has set this day by hand: ${day.correction.reason}`);
  const several = day.reports.length > 1;
  for (const { source, counts, why_not: why, counted, ...reported } of day.reports) {
    const name = source.replaceAll("_", " ");
    const what = amounts(reported, scoring, format);
    if (why === "corrected") lines.push(`${name} reported ${what}, which the organiser's figures replace.`);
    else if (why === "another_source_has_more") lines.push(`${name} reported ${what}. Another device has more, so this is not counted a second time.`);
    else if (counts && several) lines.push(`${name} reported ${what}, and ${amounts(counted ?? {}, scoring, format)} of it counts.`);
  }
  return lines;
}

/** The rules of a competition that somebody is making, as sentences in the order in which one would ask: with the defaults for what is left out, and what is wrong. */
export function rulesInWords(d: Definition, format: Formatter): string[] {
  const zone = d.time_zone || "UTC";
  const money = (amount: number): string => format.money(amount, d.currency || defaultCurrency);
  const rules = [points(d.scoring ?? { steps: 1 }, format), window(d, zone, format)];
  const late = d.late_sync_hours ?? defaultLateHours;
  rules.push(late === 0 ? "Nothing that arrives after the end counts." : `What arrives late counts for ${late} more ${late === 1 ? "hour" : "hours"}; then the standings are final.`);
  const limits = { ...defaultLimits, ...d.daily_limits };
  rules.push(`A day with more than ${listed(units.map(({ metric }) => amount(metric, limits[metric] ?? 0, format)), "or")} is refused.`);
  rules.push(who(d, format));
  const fee = d.entry_fee ?? 0;
  if (fee > 0) rules.push(`Taking part costs ${money(fee)}, given back to who leaves before the start.`);
  rules.push(prizes(d, money));
  return rules;
}

function points(scoring: Amounts, format: Formatter): string {
  const parts = weighted(scoring).map(({ metric, one }) => `${format.decimal(scoring[metric]!)} ${plural(scoring[metric]!, "point")} for each ${one}`);
  return parts.length === 0 ? "Nothing gives points: set at least one weight." : `${listed(parts)}.`;
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
  const split = d.prize_split ?? defaultSplit;
  const sum = split.reduce((all, share) => all + share, 0);
  if (Math.abs(sum - 100) > 0.0005) return `The shares of the prize pool must add up to 100; they come to ${Number(sum.toFixed(3))}.`;
  const shown = split.slice(0, 5).map((share, i) => `${money((pool * share) / 100)} for place ${i + 1}`);
  return `${money(pool)} in prizes: ${shown.join(", ")}${split.length > 5 ? ", and so on" : ""}. Equal scores share.`;
}
