import { createApi, type Api, type components, type ResultOf } from "@paceboard/client";

type Schemas = components["schemas"];
export type Competition = Schemas["Competition"];
export type Definition = Schemas["Definition"];
export type Metrics = Schemas["Metrics"];
/** Some of the metrics; the others are 0, or have a default. */
export type Amounts = { readonly [M in keyof Metrics]?: number | null };
export type NamePrivacy = Schemas["NamePrivacy"];
export type Explanation = Schemas["Explanation"];
export type Invitation = Schemas["Invitation"];
/** A change by an operator after the start, with what held from then on. */
export type Amendment = ResultOf<"listAmendments">["amendments"][number];

/** Whose calls they are. */
interface Caller {
  readonly token: string | undefined;
  renew(): Promise<string | undefined>;
}

interface Asking {
  /** How long an answer may take, in milliseconds. */
  patience?: number;
  /** Told of the answer to each call, before the call ends. */
  answered?(answer: Response): void;
}

/** The API for whoever is signed in. A call whose token is refused is made once more, with a renewed one. */
export function apiOf(caller: Caller, { patience = 15_000, answered }: Asking = {}): Api {
  // Each attempt has its own time: renewing may take longer than an answer.
  const ask = (url: string, init: RequestInit, token: string | undefined): Promise<Response> =>
    fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...(token !== undefined && { Authorization: `Bearer ${token}` }) }, signal: AbortSignal.timeout(patience) });
  return createApi({
    url: "",
    fetch: async (url, init) => {
      const { token } = caller;
      let answer = await ask(url, init, token);
      if (answer.status === 401) {
        const renewed = await caller.renew().catch(() => undefined);
        if (renewed !== undefined && renewed !== token) answer = await ask(url, init, renewed);
      }
      answered?.(answer);
      return answer;
    },
  });
}

/** What went wrong, as a sentence: the server's words begin small and end without a stop. */
export function sentenceOf({ message }: Error): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
