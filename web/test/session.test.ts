import assert from "node:assert/strict";
import { afterEach, describe, it, mock } from "node:test";
import type { PaceboardError } from "@paceboard/client";
import { apiOf, sentenceOf } from "../src/api.js";
import { Project } from "../src/auth.js";
import { consoleApi } from "../src/console/api.js";
import type { Session } from "../src/session.js";
import { sessionKey, type Vault } from "../src/vault.js";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenOf = (claims: object): string => `${part({ alg: "none" })}.${part(claims)}.c2ln`;
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

/** A project that says of each request whose it is, and what was asked of it. */
function startProject(user: string): { project: Project; kept: Map<string, string>; asked: string[] } {
  const kept = new Map<string, string>();
  const asked: string[] = [];
  const vault = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as Vault;
  mock.method(globalThis, "fetch", async (url: string, { method }: RequestInit) => {
    asked.push(`${method} ${url.slice("https://project.test/auth/v1".length)}`);
    if (url.includes("/logout")) return new Response(null, { status: 204 });
    const session = { access_token: tokenOf({ sub: user, exp: inAnHour() }), refresh_token: "next", token_type: "bearer", expires_in: 3600 };
    return Response.json(url.includes("/token") ? { ...session, user: { id: user } } : { id: user });
  });
  return { project: new Project({ url: "https://project.test", key: "key" }, vault), kept, asked };
}

describe("the tokens of a link", () => {
  afterEach(() => mock.restoreAll());

  it("are kept when the project says the same user", async () => {
    const { project, kept, asked } = startProject("ada");
    const token = tokenOf({ sub: "ada", exp: inAnHour() });
    await project.adopt(token, "refresh");
    const { access_token, refresh_token, user } = JSON.parse(kept.get(sessionKey)!);
    assert.deepEqual([access_token, refresh_token, user.id], [token, "refresh", "ada"]);
    assert.deepEqual(asked, ["GET /user"]);
  });

  for (const [what, claims] of [["has expired", { sub: "ada", exp: inAnHour() - 3601 }], ["never expires", { sub: "ada" }], ["names nobody", { exp: inAnHour() }]] as const) {
    it(`are refused without a question when the access token ${what}`, async () => {
      const { project, kept, asked } = startProject("mallory");
      await assert.rejects(project.adopt(tokenOf(claims), "refresh"), /has expired, or it is not what it says/);
      assert.equal(kept.size, 0);
      assert.deepEqual(asked, []);
    });
  }

  it("are given back, and never kept, when the project says another user", async () => {
    const { project, kept, asked } = startProject("mallory");
    await assert.rejects(project.adopt(tokenOf({ sub: "ada", exp: inAnHour() }), "refresh"), /has expired, or it is not what it says/);
    assert.equal(kept.size, 0);
    assert.deepEqual(asked, ["GET /user", "POST /logout?scope=local"]);
  });
});

describe("a call that is refused", () => {
  afterEach(() => mock.restoreAll());

  /** A server that takes one token, and what it was asked with. */
  function startServer(good: string): (string | undefined)[] {
    const used: (string | undefined)[] = [];
    mock.method(globalThis, "fetch", async (_: string, { headers }: RequestInit) => {
      const given = (headers as Record<string, string>).Authorization;
      used.push(given);
      return given === `Bearer ${good}` ? Response.json({ success: true, data: { competitions: [] } }) : Response.json({ code: "invalid_token", detail: "the token is not valid" }, { status: 401 });
    });
    return used;
  }

  it("is made once more with a renewed token, and no oftener", async () => {
    const used = startServer("good");
    await assert.rejects(apiOf({ token: "old", renew: async () => "new" }).listCompetitions(), (error: PaceboardError) => error.status === 401 && sentenceOf(error) === "The token is not valid.");
    assert.deepEqual(used, ["Bearer old", "Bearer new"]);
  });

  it("is not made again when the project cannot be reached", async () => {
    const used = startServer("good");
    await assert.rejects(apiOf({ token: "old", renew: () => Promise.reject(new Error("no answer")) }).listCompetitions(), { status: 401 });
    assert.deepEqual(used, ["Bearer old"]);
  });

  for (const [renewed, rejections] of [["new", 0], [undefined, 1]] as const) {
    it(`ends the console's session ${rejections} times when renewing gives ${renewed}`, async () => {
      startServer("new");
      const reject = mock.fn();
      const api = consoleApi({ token: "old", renew: async () => renewed, reject } as unknown as Session);
      const answer = await api.listCompetitions().catch(({ status }) => status);
      assert.deepEqual(answer, renewed === undefined ? 401 : { competitions: [] });
      assert.equal(reject.mock.callCount(), rejections);
    });
  }
});
