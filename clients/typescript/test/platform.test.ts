import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openStream } from "../src/events.js";
import { queryOf } from "../src/http.js";
import { readClaims } from "../src/index.js";
import { token } from "./fakes.js";

/** Runs without some of the globals that React Native lacks. */
async function without(names: readonly string[], run: () => void | Promise<void>): Promise<void> {
  const kept = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const name of names) Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
  try {
    await run();
  } finally {
    for (const [name, descriptor] of kept) descriptor ? Object.defineProperty(globalThis, name, descriptor) : Reflect.deleteProperty(globalThis, name);
  }
}

describe("on React Native", () => {
  it("claims are read without TextDecoder, atob and Buffer, in any alphabet", async () => {
    const made = token({ sub: "u1", exp: 1000, user_metadata: { full_name: "Zoë 李 🏃" } });
    await without(["TextDecoder", "atob", "Buffer"], () => {
      assert.deepEqual(readClaims(made), { sub: "u1", expiresAt: 1_000_000, name: "Zoë 李 🏃" });
      assert.deepEqual(readClaims("a.%%.c"), {});
    });
  });

  it("queries are made without URLSearchParams", async () => {
    await without(["URLSearchParams", "URL"], () => {
      assert.equal(queryOf({ a: "ä&b", none: undefined, n: 0, list: ["x", "y"] }), "?a=%C3%A4%26b&n=0&list=x&list=y");
      assert.equal(queryOf({}), "");
    });
  });

  it("streams are read by XMLHttpRequest", async () => {
    const requests: FakeRequest[] = [];
    class FakeRequest {
      status = 0;
      readyState = 0;
      responseText = "";
      aborted = false;
      headers: Record<string, string> = {};
      onreadystatechange = (): void => {};
      constructor() {
        requests.push(this);
      }
      open(): void {}
      send(): void {}
      setRequestHeader(name: string, value: string): void {
        this.headers[name] = value;
      }
      abort(): void {
        this.aborted = true;
        this.onreadystatechange();
      }
      at(readyState: number, status: number, text: string): void {
        Object.assign(this, { readyState, status, responseText: this.responseText + text });
        this.onreadystatechange();
      }
    }
    Object.assign(globalThis, { XMLHttpRequest: FakeRequest });
    try {
      await without(["TextDecoder", "ReadableStream"], () => {
        const heard: unknown[] = [];
        const open = (): (() => void) => openStream("/x", { Authorization: "Bearer t" }, (text) => heard.push(text), (status) => heard.push(status));
        open();
        requests[0]!.at(3, 200, "ab");
        requests[0]!.at(3, 200, "c");
        requests[0]!.at(4, 200, "");
        assert.deepEqual([heard, requests[0]!.headers], [["ab", "c", 200], { Authorization: "Bearer t" }]);
        open();
        requests[1]!.at(4, 404, "no");
        open()();
        assert.deepEqual([heard.slice(3), requests[2]!.aborted], [[404], true]);
      });
    } finally {
      Reflect.deleteProperty(globalThis, "XMLHttpRequest");
    }
  });
});

describe("in Node and browsers", () => {
  it("streams are read by fetch, also when a character comes in two pieces", async () => {
    const bytes = new TextEncoder().encode("Zoë");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const original = globalThis.fetch;
    globalThis.fetch = async () => new Response(body, { status: 200 });
    try {
      let text = "";
      const status = await new Promise<number>((resolve) => openStream("/x", {}, (piece) => (text += piece), resolve));
      assert.deepEqual([text, status], ["Zoë", 200]);
    } finally {
      globalThis.fetch = original;
    }
  });
});
