/** The part of an entry that its name on the board is made of. */
interface Named {
  user_id: string;
  user_name?: string;
}

const invisible = /[\p{C}\p{Z}\p{M}]/gu;

/** The name to show; without one, or with one that nobody could see, the first 8 characters of the id. */
export function displayName({ user_id, user_name = "" }: Named): string {
  return user_name.replace(invisible, "") === "" ? user_id.slice(0, 8) : user_name.trim();
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Numbers, money and times as text. Figures follow the viewer's locale, words
 * are English as the page is, in the viewer's own English if there is one.
 */
export class Formatter {
  readonly #figures: string | undefined;
  readonly #words: string;
  readonly #made = new Map<string, unknown>();

  constructor(languages: readonly string[]) {
    this.#figures = languages[0];
    this.#words = languages.find((language) => language.startsWith("en")) ?? "en-GB";
  }

  integer(value: number): string {
    return this.#number({ maximumFractionDigits: 0 }).format(value);
  }

  /** A number with the decimals that it has, up to three. */
  decimal(value: number): string {
    return this.#number({ maximumFractionDigits: 3 }).format(value);
  }

  /** A calendar day, as `YYYY-MM-DD` says it. */
  day(date: string): string {
    const ms = Date.parse(`${date}T00:00:00Z`);
    return Number.isNaN(ms) ? date : this.#time({ weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(ms);
  }

  money(amount: number, currency: string | undefined): string {
    if (!currency || !/^[A-Za-z]{3}$/.test(currency)) return this.#number({}).format(amount);
    return this.#number({ style: "currency", currency }).format(amount);
  }

  /** How long ago, in the largest unit that fits: "now", "3 min. ago", "2 days ago". */
  ago(then: string | null | undefined, now: number): string {
    const past = now - Date.parse(then ?? "");
    if (Number.isNaN(past)) return "–";
    if (past < minute) return this.#relative(0, "second");
    if (past < hour) return this.#relative(-Math.floor(past / minute), "minute");
    if (past < day) return this.#relative(-Math.floor(past / hour), "hour");
    return this.#relative(-Math.floor(past / day), "day");
  }

  /** A length of time in its two largest units: "2 days 4 hr", "12 min 33 sec". Never below zero. */
  span(ms: number): string {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const parts = { day: Math.floor(seconds / 86_400), hour: Math.floor(seconds / 3600) % 24, minute: Math.floor(seconds / 60) % 60, second: seconds % 60 };
    if (parts.day > 0) return this.#units([parts.day, "day"], [parts.hour, "hour"]);
    if (parts.hour > 0) return this.#units([parts.hour, "hour"], [parts.minute, "minute"]);
    if (parts.minute > 0) return this.#units([parts.minute, "minute"], [parts.second, "second"]);
    return this.#units([parts.second, "second"]);
  }

  /** The time of day, to the second, where the viewer is. */
  clock(ms: number): string {
    return this.#time({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(ms);
  }

  /** Day and time, where the viewer is. */
  moment(time: number | string): string {
    const ms = typeof time === "number" ? time : Date.parse(time);
    return Number.isNaN(ms) ? "" : this.#time({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
  }

  /** Day and time to the minute, with the year, in a time zone. */
  at(time: number | string | undefined, timeZone?: string): string {
    const ms = typeof time === "number" ? time : Date.parse(time ?? "");
    if (Number.isNaN(ms)) return "–";
    const options = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    try {
      return this.#time({ ...options, ...(timeZone !== undefined && { timeZone }) }).format(ms);
    } catch {
      return this.#time({ ...options, timeZone: "UTC" }).format(ms);
    }
  }

  /** The days from `start` to `end`, the latter not included, in the competition's own time zone. */
  days(start: string, end: string, timeZone = "UTC"): string {
    const [from, to] = [Date.parse(start), Date.parse(end) - 1];
    if (!(from <= to)) return "";
    const options = { day: "numeric", month: "short", year: "numeric" } as const;
    try {
      return this.#time({ ...options, timeZone }).formatRange(from, to);
    } catch {
      return this.#time({ ...options, timeZone: "UTC" }).formatRange(from, to);
    }
  }

  #units(...parts: [number, string][]): string {
    const shown = parts.filter(([value], i) => value > 0 || i === 0);
    return shown
      .map(([value, unit]) => this.#once(`unit ${unit}`, () => new Intl.NumberFormat(this.#words, { style: "unit", unit, unitDisplay: "short" })).format(value))
      .join(" ");
  }

  #number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    return this.#once(JSON.stringify(options), () => new Intl.NumberFormat(this.#figures, options));
  }

  #time(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return this.#once(JSON.stringify(options), () => new Intl.DateTimeFormat(this.#words, options));
  }

  #relative(value: number, unit: Intl.RelativeTimeFormatUnit): string {
    return this.#once("ago", () => new Intl.RelativeTimeFormat(this.#words, { style: "short", numeric: "auto" })).format(value, unit);
  }

  // A browser takes milliseconds to make one of these: each is made when it is first needed, and kept.
  #once<T>(key: string, make: () => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key) as T;
  }
}

let ordinals: Intl.PluralRules | undefined; // once somebody needs them

/** "1st", "2nd", "3rd", "14th". */
export function ordinal(rank: number): string {
  const suffix = { one: "st", two: "nd", few: "rd", other: "th", zero: "th", many: "th" };
  ordinals ??= new Intl.PluralRules("en", { type: "ordinal" });
  return `${rank}${suffix[ordinals.select(rank)]}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
