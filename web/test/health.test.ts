import assert from "node:assert/strict";
import { describe, it } from "node:test";

// The module watches the page's visibility when it is made, not when it is loaded.
import { healthOf } from "../src/health.js";

describe("what an athlete is told of the service's health", () => {
  it("is nothing while only copies for others are late", () => {
    assert.equal(healthOf(true, { status: "healthy" }), "healthy");
    for (const part of ["redis", "archive", "clock", "sign_in", "lost_events"]) {
      assert.equal(healthOf(true, { status: "degraded", degraded: [part] }), "healthy", part);
    }
  });

  it("is that syncs may be late when they may be", () => {
    for (const degraded of [["store"], ["redis", "recovery"], ["read_only"]]) assert.equal(healthOf(true, { status: "degraded", degraded }), "degraded");
    assert.equal(healthOf(true, { status: "degraded" }), "degraded", "an older service names no parts");
    assert.equal(healthOf(false, {}), "degraded");
  });
});
