/**
 * The client of Paceboard's live boards. Reading starts at `client.ts`; the
 * frames are in `frames.ts`, and what a frame does to a board in `board.ts`.
 * It has no dependency, and needs nothing of a page but a WebSocket.
 */
export * from "./backoff.js";
export * from "./board.js";
export * from "./client.js";
export * from "./frames.js";
export { deadAfter, pingEvery, type Clock, type SocketLike } from "./link.js";
export { renewAhead } from "./keeper.js";
export * from "./token.js";
