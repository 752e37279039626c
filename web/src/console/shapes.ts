// What the server gives, as far as the console reads it; see openapi.yaml.
import type { SettledPrize } from "@paceboard/client";
import type { CompetitionStatus } from "@paceboard/client";
import type { Amounts, Definition } from "./rules.js";

export interface Competition extends Definition {
  id: string;
  name: string;
  status: CompetitionStatus;
  start_date: string;
  end_date: string;
  participant_count: number;
  created_at?: string;
  prizes?: SettledPrize[];
  prizes_count?: number;
}

export interface Participant {
  user_id: string;
  user_name: string;
  score: number;
  rank: number;
  last_synced_at?: string;
}

export interface Exclusion {
  user_id: string;
  user_name: string;
  score: number;
  reason: string;
}

export interface Flag {
  reason: "rate" | "own_days";
  found: Amounts;
  usual: Amounts;
  within_seconds?: number;
  created_at: string;
}

export interface FlaggedDay extends Flag {
  user_id: string;
  user_name: string;
  excluded: boolean;
  date: string;
  counts: Amounts;
}

export interface ExplainedDay extends Amounts {
  date: string;
  points: number;
  correction?: { reason: string };
  flags: Flag[];
  reports: (Amounts & { source: string; counts: boolean; why_not?: string })[];
}

export interface Explanation {
  user_id: string;
  user_name: string;
  score: number;
  rank?: number;
  total_count: number;
  left: boolean;
  excluded: boolean;
  reason?: string;
  removed?: boolean;
  removal_reason?: string;
  points: number;
  days: ExplainedDay[];
  next_cursor?: string;
}

export interface Amendment {
  amended_at: string;
  reason: string;
  end_date: string;
  visibility: string;
  daily_limits: Amounts;
}

export interface Reviewed {
  excluded: boolean;
  score: number;
  rank: number;
}
