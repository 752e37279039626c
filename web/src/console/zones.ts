// Times as the fields of a form have them, in the time zone of a competition.

/** How far a zone is ahead of UTC at a moment, in milliseconds. Unknown zones count as UTC. */
function ahead(ms: number, zone: string): number {
  let format: Intl.DateTimeFormat;
  const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  try {
    format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
  } catch {
    return 0;
  }
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!) - Math.floor(ms / 1000) * 1000;
}

/** The moment of a local time such as 2026-05-01T00:00 in a zone, as RFC 3339; empty if there is none. */
export function toInstant(local: string, zone: string): string {
  const wall = Date.parse(`${local}Z`);
  if (local === "" || Number.isNaN(wall)) return "";
  const first = wall - ahead(wall, zone);
  return new Date(wall - ahead(first, zone)).toISOString();
}

/** The local time of a moment in a zone, to the minute. */
export function toLocal(instant: string, zone: string): string {
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? "" : new Date(ms + ahead(ms, zone)).toISOString().slice(0, 16);
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
