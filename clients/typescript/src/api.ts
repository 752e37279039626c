import { baseOf, bearer, queryOf, type Fetch } from "./http.js";
import { routes } from "./operations.js";
import { PaceboardError, type ApiProblem } from "./problem.js";
import type { operations } from "./schema.js";

/** The operations that one answer ends: not the streams, the page and the texts for machines. */
export type OperationName = Exclude<keyof typeof routes, "streamLeaderboard" | "watchLeaderboard" | "getPage" | "getDocs">;

type Part<O, P extends string> = O extends { parameters: { [K in P]?: infer V } } ? (undefined extends V ? Partial<NonNullable<V>> : V) : unknown;
type Named<T> = [T] extends [never] ? unknown : T;
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? { body: B }
  : O extends { requestBody?: { content: { "application/json": infer B } } } ? { body?: B } : unknown;

type OrUndefined<T> = { [K in keyof T]: {} extends Pick<T, K> ? T[K] | undefined : T[K] };

/** What an operation takes: its parameters in path and query by their names, and `body`. What is undefined in the query is left out. */
export type ArgumentsOf<N extends OperationName> =
  Named<Part<operations[N], "path">> & Named<OrUndefined<Part<operations[N], "query">>> & BodyOf<operations[N]>;

type Success<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? (R[S] extends { content: infer C } ? C[keyof C] : never) : never }[keyof R];
type Unwrapped<T> = T extends { success: unknown; data: infer D } ? D : T;

/** What an operation answers: `data` of the success. */
export type ResultOf<N extends OperationName> = Unwrapped<Success<operations[N]["responses"]>>;

export interface CallOptions {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

type Method<N extends OperationName> = {} extends ArgumentsOf<N>
  ? (args?: ArgumentsOf<N>, options?: CallOptions) => Promise<ResultOf<N>>
  : (args: ArgumentsOf<N>, options?: CallOptions) => Promise<ResultOf<N>>;

/** The API: one method for each operation of openapi.yaml, under its operationId. Each throws `PaceboardError` alone. */
export type Api = { readonly [N in OperationName]: Method<N> };

export interface ApiOptions {
  /** The service's address: `https://host`. */
  url: string;
  /** The token, or who is asked for it before each request. Without one, only public operations answer. */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Milliseconds until a request without an answer is given up; 30,000 by default. */
  timeout?: number;
  /** By default the platform's. */
  fetch?: Fetch;
}

/** The methods of the API. Nothing is sent before one is called. */
export function createApi(options: ApiOptions): Api {
  const methods: Record<string, (args?: Record<string, unknown>, options?: CallOptions) => Promise<unknown>> = {};
  for (const [name, route] of Object.entries(routes)) {
    const [method, path] = route.split(" ") as [string, string];
    methods[name] = (args, call) => send(options, method, path, args ?? {}, call ?? {});
  }
  return methods as unknown as Api;
}

async function send(o: ApiOptions, method: string, path: string, args: Record<string, unknown>, { signal, headers }: CallOptions): Promise<unknown> {
  const { body, ...query } = args;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = query[name];
    delete query[name];
    return encodeURIComponent(String(value));
  });
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  const timer = setTimeout(onAbort, o.timeout ?? 30_000);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  let response: Response;
  let answer: unknown;
  try {
    const token = typeof o.token === "function" ? await o.token() : o.token;
    response = await (o.fetch ?? ((url, init) => fetch(url, init)))(baseOf(o.url) + filled + queryOf(query), {
      method,
      headers: { ...bearer(token), ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      credentials: "omit",
      signal: stop.signal,
    });
    const type = response.headers.get("Content-Type") ?? "";
    answer = /json/.test(type) ? await response.json() : await response.text();
  } catch (cause) {
    throw new PaceboardError(0, undefined, undefined, cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  if (!response.ok) throw new PaceboardError(response.status, isProblem(answer) ? answer : undefined, response.headers);
  return isEnvelope(answer) ? answer.data : answer;
}

function isProblem(answer: unknown): answer is ApiProblem {
  return typeof answer === "object" && answer !== null && "code" in answer;
}

function isEnvelope(answer: unknown): answer is { data: unknown } {
  return typeof answer === "object" && answer !== null && "success" in answer && "data" in answer;
}
