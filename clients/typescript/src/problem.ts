import type { components } from "./schema.js";

/** A refusal after RFC 9457, as the API gives it. */
export type ApiProblem = components["schemas"]["Problem"];
/** The stable word for why something was refused. A newer server may know others. */
export type ProblemCode = ApiProblem["code"] | (string & {});

/** The server refused, or did not answer. */
export class PaceboardError extends Error {
  override name = "PaceboardError";
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** Why, to decide by; `no_answer` if there was none. */
  readonly code: ProblemCode;
  /** What the server said; absent if it was no problem. */
  readonly problem: ApiProblem | undefined;
  /** Milliseconds to wait before another try, if the server said so. */
  readonly retryAfter: number | undefined;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;

  constructor(status: number, problem: ApiProblem | undefined, headers?: Pick<Headers, "get">, cause?: unknown) {
    super(problem?.detail ?? problem?.title ?? (status === 0 ? "the server does not answer" : `the server answered ${status}`), { cause });
    this.status = status;
    this.code = problem?.code ?? (status === 0 ? "no_answer" : "unknown");
    this.problem = problem;
    const seconds = Number(headers?.get("Retry-After") ?? NaN);
    this.retryAfter = Number.isFinite(seconds) ? seconds * 1000 : undefined;
    this.requestId = headers?.get("X-Request-Id") ?? undefined;
  }
}
