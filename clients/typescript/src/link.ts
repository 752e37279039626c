import { Close, decodeFrame, encodeFrame, type ClientFrame, type ServerFrame } from "./frames.js";

/** The part of a browser's WebSocket that we use. */
export interface SocketLike {
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Time as the client sees it; a test brings its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

export interface LinkEvents {
  onFrame(frame: ServerFrame): void;
  /** Called once. `code` is `Close.Abnormal` when the connection broke or fell silent. */
  onClose(code: number, lastHeard: number): void;
  /** Time to the server and back, in milliseconds. */
  onDelay(ms: number): void;
}

/** A ping after this much time without one, in milliseconds. */
export const pingEvery = 20_000;
/** No sign of life for this long after a ping: the connection is dead. Also the patience for the first frame. */
export const deadAfter = 10_000;

/**
 * One WebSocket from its opening to its end: frames in and out, and the pings
 * that notice a connection which is dead but not closed, as after a phone has
 * changed its network. Any frame counts as a sign of life, not the pong alone.
 */
export class Link {
  readonly #socket: SocketLike;
  readonly #clock: Clock;
  readonly #events: LinkEvents;
  #timer: unknown;
  #pingSent: number | undefined;
  #heardSincePing = false;
  #lastHeard: number;
  #ended = false;

  constructor(socket: SocketLike, clock: Clock, events: LinkEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.#lastHeard = clock.now();
    this.#timer = clock.setTimeout(() => this.#end(Close.Abnormal), deadAfter);
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#end(event.code);
  }

  send(frame: ClientFrame): void {
    if (!this.#ended) this.#socket.send(encodeFrame(frame, this.#clock.now()));
  }

  /** Asks for a sign of life now, and ends the link when none comes. */
  ping(): void {
    if (this.#ended) return;
    this.#clock.clearTimeout(this.#timer);
    this.#pingSent = this.#clock.now();
    this.#heardSincePing = false;
    this.send({ type: "ping" });
    this.#timer = this.#clock.setTimeout(() => {
      if (!this.#heardSincePing) this.#end(Close.Abnormal);
      else this.#timer = this.#clock.setTimeout(() => this.ping(), pingEvery - deadAfter);
    }, deadAfter);
  }

  /** Closes without a word to the owner. */
  close(code: number): void {
    this.#silence();
    this.#socket.close(code);
  }

  #receive(text: unknown): void {
    const first = this.#pingSent === undefined;
    this.#lastHeard = this.#clock.now();
    this.#heardSincePing = true;
    const frame = typeof text === "string" ? decodeFrame(text) : undefined;
    if (frame?.type === "pong" && this.#pingSent !== undefined) this.#events.onDelay(this.#lastHeard - this.#pingSent);
    if (frame) this.#events.onFrame(frame);
    if (first) this.ping();
  }

  #end(code: number): void {
    if (this.#ended) return;
    this.#silence();
    if (code === Close.Abnormal) this.#socket.close();
    this.#events.onClose(code, this.#lastHeard);
  }

  #silence(): void {
    this.#ended = true;
    this.#clock.clearTimeout(this.#timer);
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
  }
}
