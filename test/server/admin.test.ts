import { describe, expect, test } from "vitest"
import { type AdminParts, createAdmin, type Readiness } from "../../src/server/admin.ts"
import { ownHosts } from "../../src/server/own-host.ts"

const admin = (parts: Partial<AdminParts> = {}) =>
  createAdmin({
    readiness: () => ({ ready: true }),
    metrics: () => "postern_a 1\n",
    status: () => ({ version: "1" }),
    isOwnHost: () => true,
    onError: () => undefined,
    ...parts,
  })

describe("the operator's pages", () => {
  test("say that the process lives, whatever else is wrong", async () => {
    const readiness = () => {
      throw new Error("nothing works")
    }
    const answer = await admin({ readiness }).request("/healthz")
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }])
  })

  test("say with reasons when no calls should come", async () => {
    const reasons = [{ code: "stopping", message: "the gateway stops" }]
    const state: Readiness = { ready: false, reasons }
    const answer = await admin({ readiness: () => state }).request("/readyz")
    expect([answer.status, await answer.json()]).toEqual([503, state])
    expect((await admin().request("/readyz")).status).toBe(200)
  })

  test("show metrics and status, never cached", async () => {
    const metrics = await admin().request("/metrics")
    expect(await metrics.text()).toBe("postern_a 1\n")
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
    expect(metrics.headers.get("cache-control")).toBe("no-store")
    expect(await (await admin().request("/status")).json()).toEqual({ version: "1" })
  })

  test("take GET and HEAD, and nothing they do not have", async () => {
    const posted = await admin().request("/status", { method: "POST" })
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"])
    expect((await admin().request("/healthz", { method: "HEAD" })).status).toBe(200)
    expect((await admin().request("/nothing")).status).toBe(404)
    expect((await admin().request("/status/")).status).toBe(404)
  })

  test("answer a bug without its words, and report it", async () => {
    const errors: unknown[] = []
    const status = () => {
      throw new Error("secret words")
    }
    const answer = await admin({ status, onError: (error) => errors.push(error) }).request(
      "/status",
    )
    expect([answer.status, await answer.text()]).toEqual([500, '{"error":"internal error"}'])
    expect(errors).toEqual([new Error("secret words")])
  })

  test("are not answered under a name that is not ours", async () => {
    const strict = admin({ isOwnHost: ownHosts(["Postern-Admin"]) })
    const status = async (host?: string) =>
      (await strict.request("/healthz", host === undefined ? {} : { headers: { host } })).status
    for (const host of [
      "localhost",
      "localhost:3001",
      "127.0.0.1:3001",
      "[::1]:3001",
      "10.0.0.7",
      "postern-admin:80",
    ])
      expect([host, await status(host)]).toEqual([host, 200])
    for (const host of [
      undefined,
      "",
      "evil.example",
      "localhost.evil.example",
      "localhost:x",
      "127.0.0.1, evil",
      "[::1",
      "::1",
    ])
      expect([host, await status(host)]).toEqual([host, 403])
  })
})
