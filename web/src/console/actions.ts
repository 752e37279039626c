// The actions on competitions and on who takes part in them. Each says what it will do
// and, where it can be, what takes it back.
import type { Field, Values } from "./fields.js";
import { reasonField, type Action, type Outcome } from "./panel.js";
import type { Amounts, Competition } from "./shapes.js";
import { toInstant, toLocal } from "./zones.js";

export interface Person {
  user_id: string;
  user_name?: string;
}

export const nameOf = ({ user_id, user_name }: Person): string => user_name?.trim() || user_id;
const whom = (person: Person, competition: Competition): string =>
  `${nameOf(person)}${nameOf(person) === person.user_id ? "" : ` (${person.user_id})`} in ${competition.name}`;

export function excluding(competition: Competition, person: Person): Action {
  return {
    title: `Exclude ${nameOf(person)}`,
    what: "The person leaves the board at once, and everybody below moves up. What they sync is still kept.",
    whom: whom(person, competition),
    undo: "Restore brings the person back with every step, until the prizes are paid.",
    fields: [reasonField],
    confirm: "Exclude",
    async run({ reason = "" }, api) {
      await api.excludeParticipant({ competition_id: competition.id, user_id: person.user_id, body: { reason } });
      return { said: `${nameOf(person)} is excluded from ${competition.name}.`, back: restoring(competition, person) };
    },
  };
}

export function restoring(competition: Competition, person: Person): Action {
  return {
    title: `Restore ${nameOf(person)}`,
    what: "The person is on the board again, with everything that was synced meanwhile.",
    whom: whom(person, competition),
    undo: "Exclude takes the person off again.",
    fields: [reasonField],
    confirm: "Restore",
    async run({ reason = "" }, api) {
      await api.restoreParticipant({ competition_id: competition.id, user_id: person.user_id, body: { reason } });
      return { said: `${nameOf(person)} is on the board of ${competition.name} again.`, back: excluding(competition, person) };
    },
  };
}

export function removing(competition: Competition, person: Person): Action {
  return {
    title: `Remove ${nameOf(person)}`,
    what: `The person no longer takes part.${competition.status === "upcoming" && competition.entry_fee > 0 ? " The entry fee is given back." : ""} Their days are kept.`,
    whom: whom(person, competition),
    undo: "Invite the person again: they come back with their days once they accept.",
    fields: [reasonField],
    confirm: "Remove",
    async run({ reason = "" }, api) {
      await api.leaveCompetition({ competition_id: competition.id, user_id: person.user_id, body: { reason } });
      return { said: `${nameOf(person)} no longer takes part in ${competition.name}.`, back: inviting(competition, person.user_id) };
    },
  };
}

const metricFields = (now: Amounts): Field[] => [
  { name: "steps", label: "Steps", kind: "number", value: String(now.steps ?? 0) },
  { name: "distance", label: "Distance in metres", kind: "number", value: String(now.distance ?? 0) },
  { name: "calories", label: "Energy in kilocalories", kind: "number", value: String(now.calories ?? 0) },
  { name: "active_minutes", label: "Active minutes", kind: "number", value: String(now.active_minutes ?? 0) },
];

const numbers = (values: Values, ...names: string[]): Record<string, number> =>
  Object.fromEntries(names.filter((name) => values[name] !== undefined && values[name] !== "").map((name) => [name, Number(values[name])]));

export function correcting(competition: Competition, person: Person, date: string, now: Amounts): Action {
  return {
    title: `Correct ${date}`,
    what: "The day counts for what you write here, whatever is reported, until the correction is withdrawn.",
    whom: whom(person, competition),
    undo: "Withdraw the correction: the day counts for its reports again.",
    fields: [...metricFields(now), reasonField],
    confirm: "Correct the day",
    async run(values, api) {
      await api.correctDay({ competition_id: competition.id, user_id: person.user_id, date, body: { ...numbers(values, "steps", "distance", "calories", "active_minutes"), reason: values.reason ?? "" } });
      return { said: `${date} of ${nameOf(person)} is corrected.`, back: withdrawing(competition, person, date) };
    },
  };
}

export function withdrawing(competition: Competition, person: Person, date: string): Action {
  return {
    title: `Withdraw the correction of ${date}`,
    what: "The day counts for what its reports say.",
    whom: whom(person, competition),
    undo: "Correct the day again; what the correction said is not kept here.",
    fields: [reasonField],
    confirm: "Withdraw",
    async run({ reason = "" }, api) {
      await api.withdrawCorrection({ competition_id: competition.id, user_id: person.user_id, date, body: { reason } });
      return { said: `${date} of ${nameOf(person)} counts for its reports again.` };
    },
  };
}

export function cancelling(competition: Competition): Action {
  return {
    title: `Cancel ${competition.name}`,
    what: `The competition ends without standings.${competition.entry_fee > 0 ? " All entry fees are given back." : ""}`,
    whom: `${competition.participant_count} who take part`,
    confirm: "Cancel the competition",
    typed: { text: competition.name, what: "the name of the competition" },
    async run(_, api) {
      await api.cancelCompetition({ competition_id: competition.id });
      return { said: `${competition.name} is cancelled.` };
    },
  };
}

export function amending(competition: Competition): Action {
  const zone = competition.time_zone;
  const limits = competition.daily_limits;
  return {
    title: `Amend ${competition.name}`,
    what: "What was accepted before stays and counts. Everybody who sees the competition is shown the change and the reason.",
    whom: `${competition.participant_count} who take part`,
    undo: "Amend it again; both changes stay in its history.",
    fields: [
      { name: "end_date", label: `End, in ${zone}`, kind: "moment", value: toLocal(competition.end_date, zone) },
      { name: "visibility", label: "Who sees it", kind: "choice", value: competition.visibility, choices: [["public", "Everybody"], ["private", "Those who take part"]] },
      ...metricFields(limits).map((field) => ({ ...field, label: `${field.label}, a day at most` })),
      { ...reasonField, help: "Shown to everybody, and kept for good." },
    ],
    confirm: "Amend",
    async run(values, api) {
      const end = toInstant(values.end_date!, zone);
      const changed = numbers(values, "steps", "distance", "calories", "active_minutes");
      const same = Object.entries(changed).every(([name, value]) => limits[name as keyof Amounts] === value);
      const body = {
        reason: values.reason ?? "",
        ...(values.end_date !== toLocal(competition.end_date, zone) && { end_date: end }),
        ...(values.visibility !== competition.visibility && { visibility: values.visibility as Competition["visibility"] }),
        ...(!same && { daily_limits: changed }),
      };
      await api.amendCompetition({ competition_id: competition.id, body });
      return { said: `${competition.name} is amended.` };
    },
  };
}

export function inviting(competition: Competition, users = ""): Action {
  return {
    title: "Invite people",
    what: "Each of them finds the invitation when they sign in, and takes part once they accept. It lasts 30 days, at most until the end.",
    whom: `${competition.name}`,
    undo: "Withdraw an invitation that is still open.",
    fields: [{ name: "user_ids", label: "User ids", kind: "long", required: true, value: users, help: "The ids of their accounts, one a line or with commas between them; at most 1,000." }],
    confirm: "Invite",
    async run({ user_ids = "" }, api) {
      const ids = user_ids.split(/[\s,;]+/).filter((id) => id !== "");
      const answer = await api.inviteUsers({ competition_id: competition.id, body: { user_ids: ids } });
      const invitations = "invitations" in answer ? answer.invitations : [];
      const open = invitations.filter(({ state }) => state === "open");
      const rest = invitations.length - open.length;
      const said = `${open.length} ${open.length === 1 ? "person is" : "people are"} invited to ${competition.name}${rest > 0 ? `; ${rest} declined within 30 days` : ""}.`;
      const only = open.length === 1 ? open[0] : undefined;
      return { said, ...(only && { back: withdrawingInvitation(competition, only.id, only.user_id ?? "a join code") }) };
    },
  };
}

export function makingCode(competition: Competition): Action {
  return {
    title: "Make a join code",
    what: "Anybody who has the code can take part with it, until it is used up or expires. It is shown this once.",
    whom: `${competition.name}`,
    undo: "End the code: nobody joins with it any more. Who has joined stays.",
    fields: [
      { name: "uses", label: "How many may join with it", kind: "number", value: "100", least: 1, required: true },
      { name: "expires_at", label: "Until", kind: "moment", help: "In your own time zone. Empty: 30 days, at most until the end." },
    ],
    confirm: "Make the code",
    async run({ uses, expires_at }, api) {
      const code = { uses: Number(uses), ...(expires_at && { expires_at: new Date(expires_at).toISOString() }) };
      const answer = await api.inviteUsers({ competition_id: competition.id, body: { code } });
      const said = `A join code for ${competition.name}. Copy it now: it cannot be shown again.`;
      if (!("code" in answer)) return { said };
      return { said, secret: { label: "Join code", value: answer.code.code ?? "" }, back: withdrawingInvitation(competition, answer.code.id, "a join code") };
    },
  };
}

export function withdrawingInvitation(competition: Competition, id: string, of: string): Action {
  const code = of === "a join code";
  return {
    title: code ? "End a join code" : `Withdraw the invitation of ${of}`,
    what: code ? "Nobody can join with the code any more. Who has joined stays." : "The person can no longer accept it.",
    whom: `${of} in ${competition.name}`,
    undo: code ? "Make another code." : "Invite the person again.",
    confirm: code ? "End the code" : "Withdraw",
    async run(_, api) {
      await api.withdrawInvitation({ competition_id: competition.id, invitation_id: id });
      const outcome: Outcome = { said: code ? "The join code is ended." : `The invitation of ${of} is withdrawn.` };
      return code ? outcome : { ...outcome, back: inviting(competition, of) };
    },
  };
}
