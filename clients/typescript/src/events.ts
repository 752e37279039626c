import { Close, type ClientFrame } from "./frames.js";
import { bearer, queryOf } from "./http.js";
import type { Clock, SocketLike } from "./link.js";

/** A stream of text over HTTP. `onEnd` is called once, unless it was stopped: with the status, or 0 without an answer. */
export type OpenStream = (url: string, headers: Record<string, string>, onText: (text: string) => void, onEnd: (status: number) => void) => () => void;

/** Server-Sent Events have a comment at least this often; without one for longer a stream is dead, in milliseconds. */
export const commentWithin = 20_000;

const longestLine = 4 << 20;

/**
 * Boards over Server-Sent Events in the shape of a WebSocket, for networks that
 * let no WebSocket through. Each board has a stream of its own, since a stream
 * carries one; when any of them breaks, all end as one socket would.
 */
export class EventsSocket implements SocketLike {
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly #streams = new Map<string, () => void>();
  readonly #base: string;
  readonly #first: string;
  readonly #clock: Clock;
  readonly #open: OpenStream;
  #token: string;
  #heardAt: number;

  /** `base` is the service's address, `subscription` the first board. */
  constructor(base: string, token: string, subscription: Subscription, clock: Clock, open: OpenStream) {
    this.#base = base;
    this.#token = token;
    this.#first = subscription.competition_id;
    this.#clock = clock;
    this.#open = open;
    this.#heardAt = clock.now();
    this.#subscribe(subscription);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    switch (frame.type) {
      case "subscribe":
        return this.#subscribe(frame.data);
      case "unsubscribe":
        return this.#stop(frame.data.competition_id);
      case "auth":
        return this.#end(Close.Abnormal); // a stream keeps the token that it began with: the next ones take this one
      case "ping":
        if (this.#clock.now() - this.#heardAt < commentWithin) this.onmessage?.({ data: "" }); // a sign of life, without a frame
    }
  }

  close(): void {
    for (const id of [...this.#streams.keys()]) this.#stop(id);
  }

  #subscribe({ competition_id: id, limit, since }: Subscription): void {
    this.#stop(id);
    const url = `${this.#base}/api/v1/leaderboard/${encodeURIComponent(id)}/events${queryOf({ limit, since })}`;
    let held = "";
    const onText = (text: string): void => {
      this.#heardAt = this.#clock.now();
      const lines = (held + text).split("\n");
      held = lines.pop()!;
      if (held.length > longestLine) return this.#end(Close.Abnormal);
      for (const line of lines) if (line.startsWith("data:")) this.#receive(line.slice(5));
    };
    this.#streams.set(id, this.#open(url, bearer(this.#token), onText, (status) => this.#ended(id, status)));
  }

  #receive(data: string): void {
    if (/"type":"error"/.test(data) && (JSON.parse(data) as { data?: { status?: number } }).data?.status === 401) return this.#end(Close.BadToken);
    this.onmessage?.({ data });
  }

  #ended(id: string, status: number): void {
    this.#streams.delete(id);
    const gone = status === 403 ? Close.Private : status === 404 ? Close.Unknown : undefined;
    if (gone !== undefined && id !== this.#first) this.onmessage?.({ data: JSON.stringify({ type: "error", data: { status, competition_id: id } }) });
    else this.#end(gone ?? (status === 401 ? Close.BadToken : Close.Abnormal));
  }

  #stop(id: string): void {
    this.#streams.get(id)?.();
    this.#streams.delete(id);
  }

  #end(code: number): void {
    this.close();
    this.onclose?.({ code });
  }
}

export type Subscription = (ClientFrame & { type: "subscribe" })["data"];

/** Opens a stream by whatever the platform has: `fetch` that streams, or XMLHttpRequest, as on React Native. */
export const openStream: OpenStream = (url, headers, onText, onEnd) =>
  typeof TextDecoder === "undefined" || typeof ReadableStream === "undefined" ? byRequest(url, headers, onText, onEnd) : byFetch(url, headers, onText, onEnd);

const byFetch: OpenStream = (url, headers, onText, onEnd) => {
  const stop = new AbortController();
  const run = async (): Promise<number> => {
    const response = await fetch(url, { headers, credentials: "omit", cache: "no-store", signal: stop.signal });
    const reader = response.body?.getReader();
    if (response.status !== 200 || !reader) {
      void reader?.cancel();
      return response.status;
    }
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (stop.signal.aborted || done) return 200;
      onText(decoder.decode(value, { stream: true }));
    }
  };
  const ended = (status: number): void => {
    if (!stop.signal.aborted) onEnd(status);
  };
  run().then(ended, () => ended(0));
  return () => stop.abort();
};

/** What one request may have received before it is ended and another goes on: the text so far is all kept. */
const mostText = 4 << 20;

const byRequest: OpenStream = (url, headers, onText, onEnd) => {
  const request = new XMLHttpRequest();
  let read = 0;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    request.abort();
  };
  request.open("GET", url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.onreadystatechange = () => {
    if (stopped) return;
    const { readyState, status } = request;
    if (readyState >= 3 && status === 200) {
      const text = request.responseText.slice(read);
      read += text.length;
      if (text !== "") onText(text);
    }
    if (stopped || (readyState !== 4 && read < mostText)) return;
    stop();
    onEnd(status);
  };
  request.send();
  return stop;
};
