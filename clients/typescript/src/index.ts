/**
 * The client of Paceboard. Live boards: reading starts at `client.ts`; the frames
 * are in `frames.ts`, and what a frame does to a board in `board.ts`. The API:
 * `api.ts`, with the types that openapi-typescript makes of openapi.yaml. It has no
 * dependency, and runs in browsers, in Node and on React Native.
 */
export * from "./api.js";
export { aroundEvery, type Around } from "./around.js";
export * from "./backoff.js";
export { applyFrame, emptyBoard, sinceOf, type Board } from "./board.js";
export * from "./client.js";
export { type OpenStream } from "./events.js";
export * from "./frames.js";
export { type Fetch } from "./http.js";
export { renewAhead } from "./keeper.js";
export { deadAfter, pingEvery, type Clock, type SocketLike } from "./link.js";
export * from "./problem.js";
export type { components, operations, paths } from "./schema.js";
export * from "./token.js";
