import { describe, expect, test } from "vitest"
import { type AdminParts, createAdmin, type Readiness } from "../../src/server/admin.ts"
import { ownHosts } from "../../src/server/own-host.ts"
import { type Answer, http, json, served } from "../support/face-server.ts"

/** The pages of a gateway, asked over HTTP. */
async function admin(parts: Partial<AdminParts> = {}) {
  const answer = createAdmin({
    readiness: () => ({ ready: true }),
    metrics: () => [
      { name: "postern_a", help: "A.", points: { type: "gauge", all: [{ labels: [], value: 1 }] } },
    ],
    status: () => ({ version: "1" }),
    runs: async () => ({ status: 200, body: "{}" }),
    breakers: () => ({ status: 200, body: "{}" }),
    isOwnHost: () => true,
    onError: () => undefined,
    ...parts,
  })
  const { port } = await served(answer)
  return (
    path: string,
    { method = "GET", host = "localhost" as string | string[], accept = "*/*" } = {},
  ): Promise<Answer> => {
    const hosts = [host].flat().flatMap((name) => ["host", name])
    return http(port, { method, path, headers: [...hosts, "accept", accept] })
  }
}

describe("the operator's pages", () => {
  test("say that the process lives, whatever else is wrong", async () => {
    const readiness = () => {
      throw new Error("nothing works")
    }
    const answer = await (await admin({ readiness }))("/healthz")
    expect([answer.status, json(answer)]).toEqual([200, { status: "ok" }])
  })

  test("say with reasons when no calls should come", async () => {
    const reasons = [{ code: "stopping", message: "the gateway stops" }]
    const state: Readiness = { ready: false, reasons }
    const answer = await (await admin({ readiness: () => state }))("/readyz")
    expect([answer.status, json(answer)]).toEqual([503, state])
    expect((await (await admin())("/readyz")).status).toBe(200)
  })

  test("show metrics and status, never cached", async () => {
    const ask = await admin()
    const metrics = await ask("/metrics")
    expect(metrics.text).toBe("# HELP postern_a A.\n# TYPE postern_a gauge\npostern_a 1\n")
    expect(metrics.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8")
    expect(metrics.headers["cache-control"]).toBe("no-store")
    const status = await ask("/status?pretty")
    expect(json(status)).toEqual({ version: "1" })
    expect(status.headers["content-type"]).toBe("application/json")
  })

  test.each([
    [
      "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      true,
    ],
    ["Application/OpenMetrics-Text", true],
    ["application/openmetrics-text;q=0, text/plain", false],
    ["application/openmetrics-textual", false],
    ["text/plain", false],
    ["*/*", false],
  ])("show metrics as OpenMetrics to who asks for that: %s", async (accept, isOpen) => {
    const { headers, text } = await (await admin())("/metrics", { accept })
    expect(headers["content-type"]).toContain(
      isOpen ? "application/openmetrics-text;" : "text/plain;",
    )
    expect(text.endsWith("postern_a 1\n# EOF\n")).toBe(isOpen)
    expect(headers["vary"]).toBe("accept")
  })

  test("take GET and HEAD, and nothing they do not have", async () => {
    const ask = await admin()
    const posted = await ask("/status", { method: "POST" })
    expect([posted.status, posted.headers.allow]).toEqual([405, "GET, HEAD"])
    expect(await ask("/healthz", { method: "HEAD" })).toMatchObject({ status: 200, text: "" })
    expect((await ask("/nothing")).status).toBe(404)
    expect((await ask("/status/")).status).toBe(404)
  })

  test("answer a bug without its words, and report it", async () => {
    const errors: unknown[] = []
    const status = () => {
      throw new Error("secret words")
    }
    const ask = await admin({ status, onError: (error) => errors.push(error) })
    const answer = await ask("/status")
    expect([answer.status, answer.text]).toEqual([500, '{"error":"internal error"}'])
    expect(errors).toEqual([new Error("secret words")])
  })

  test("are not answered under a name that is not ours", async () => {
    const isOwnHost = ownHosts(["Postern-Admin"])
    const ask = await admin({ isOwnHost })
    const own = ["localhost", "localhost:3001", "127.0.0.1:3001", "[::1]:3001", "10.0.0.7"]
    for (const host of [...own, "postern-admin:80"]) {
      const { status } = await ask("/healthz", { host })
      expect([host, status]).toEqual([host, 200])
    }
    const foreign = ["evil.example", "localhost.evil.example", "localhost:x", "127.0.0.1, evil"]
    for (const host of [...foreign, "[::1", "::1", ["localhost", "evil.example"]]) {
      const { status } = await ask("/healthz", { host })
      expect([host, status]).toEqual([host, 403])
    }
    expect(["", undefined].map(isOwnHost)).toEqual([false, false])
  })
})
