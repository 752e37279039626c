import type { Competition, Explanation, Metrics, NamePrivacy } from "./api.js";
import { ordinal, plural, type Formatter } from "./format.js";

/** What is counted, in the order in which it is told. */
const units: { metric: keyof Metrics; one: string; many: string }[] = [
  { metric: "steps", one: "step", many: "steps" },
  { metric: "distance", one: "metre", many: "metres" },
  { metric: "calories", one: "kilocalorie", many: "kilocalories" },
  { metric: "active_minutes", one: "active minute", many: "active minutes" },
];

const hour = 3600_000;

/** An amount of a metric: distances from a kilometre on in kilometres. */
function amount(metric: keyof Metrics, value: number, format: Formatter): string {
  if (metric === "distance" && value >= 1000) return `${format.decimal(value / 1000)} km`;
  const { one, many } = units.find((unit) => unit.metric === metric)!;
  return `${format.decimal(value)} ${plural(value, one, many)}`;
}

/** The amounts above 0 of what gives points, joined. */
function amounts(metrics: Partial<Metrics>, scoring: Metrics, format: Formatter): string {
  const counted = units.filter(({ metric }) => scoring[metric] > 0 && (metrics[metric] ?? 0) > 0);
  return counted.length === 0 ? "nothing" : listed(counted.map(({ metric }) => amount(metric, metrics[metric]!, format)));
}

const listed = (parts: string[]): string => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`);

/** The prizes as they would be paid, before they are final: place and amount. */
export function prizeTable({ prize_pool: pool = 0, prize_split: split = [], currency }: Competition, format: Formatter): [place: string, amount: string][] {
  return pool > 0 ? split.map((percent, i) => [ordinal(i + 1), format.money((pool * percent) / 100, currency)]) : [];
}

/** The rules in words: what each line is about, and what holds. */
export function rulesOf(competition: Competition, format: Formatter): [term: string, text: string][] {
  const { scoring, daily_limits: limits, entry_fee: fee = 0, late_sync_hours: late = 24, time_zone: zone = "UTC" } = competition;
  const rules: [string, string][] = [];
  if (scoring) {
    const weights = units.filter(({ metric }) => scoring[metric] > 0);
    rules.push(["Points", `${sentence(listed(weights.map(({ metric, one }) => `${format.decimal(scoring[metric])} for each ${one}`)))} A day counts, by each measure, what your best device reported.`]);
    if (limits && weights.length > 0) {
      rules.push(["A day at most", `${sentence(listed(weights.map(({ metric }) => amount(metric, limits[metric], format))))} A day with more is refused.`]);
    }
  }
  rules.push(["Days", `${format.days(competition.start_date, competition.end_date, zone)}. Days begin and end at midnight in ${zone.replaceAll("_", " ")}.`]);
  const final = Date.parse(competition.end_date) + late * hour;
  rules.push(["Late syncs", late > 0 ? `Count until ${format.moment(final)} your time, if they are of days before the end.` : "Do not count after the end."]);
  rules.push(["Entry fee", fee > 0 ? `${format.money(fee, competition.currency)}, paid back if you leave before the start or if the competition is cancelled.` : "None."]);
  if ((competition.prize_pool ?? 0) > 0) rules.push(["Prizes", "Shares of the pool for scores above 0, as below. Equal scores share their places' prizes."]);
  const most = competition.max_participants ?? 0;
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

const sentence = (text: string): string => (text === "" ? "Nothing counts." : `${text}.`);

/** A day of an explanation in words: what it counts for, and why each device's report counts or does not. */
export function explainDay(day: Explanation["days"][number], scoring: Metrics, format: Formatter): string[] {
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
