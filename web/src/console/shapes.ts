// The types of what the console shows, by short names.
import type { components, ResultOf } from "@paceboard/client";

type Schemas = components["schemas"];
export type { Amendment, Amounts, Competition, Definition, Explanation, NamePrivacy } from "../api.js";
export type Participant = Schemas["Entry"];
export type Exclusion = ResultOf<"listExclusions">["exclusions"][number];
export type Flag = Schemas["Flag"];
export type FlaggedDay = ResultOf<"listFlags">["flags"][number];
export type ExplainedDay = Schemas["Explanation"]["days"][number];
export type Invitation = Schemas["Invitation"];
export type JoinCode = Schemas["JoinCode"];
export type BoardLink = Schemas["BoardLink"];
/** A prize that is calculated, or was paid. */
export type Prize = Pick<Schemas["Prize"], "user_id" | "rank" | "amount" | "currency" | "status"> & { user_name?: string };
export type Prizes = Schemas["Prizes"];
export type Payout = Schemas["Payout"];
export type Key = Schemas["APIKey"];
export type Webhook = Schemas["Webhook"];
export type Delivery = Schemas["Delivery"];
export type AuditEntry = Schemas["AuditEntry"];
export type Erasure = ResultOf<"listErasures">["erasures"][number];
export type Health = ResultOf<"getDetailedHealth">;
export type ServerState = Schemas["ServerState"];
export type Loaded = ResultOf<"listLoaded">["competitions"][number];
export type Connection = ResultOf<"listConnections">["connections"][number];
