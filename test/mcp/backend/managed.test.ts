import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { serve } from "../../support/backend-http.ts"
import { http, open, refusal, text, until } from "../../support/backend-world.ts"
import { isAlive } from "../../support/is-alive.ts"

const script = fileURLToPath(import.meta.resolve("../../support/backend-managed.ts"))

/** A port that was free a moment ago. */
async function managed(...quirks: string[]) {
  const { url, close } = await serve(() => {})
  await close()
  const args = [script, new URL(url).port, ...quirks]
  const command = { command: process.execPath, args, env: new Map(), cwd: undefined }
  return http(url, { process: command })
}

describe("an HTTP server that the gateway starts", () => {
  test("is started by the first call, which waits for its port", async () => {
    const { call, backends, events } = open(await managed())
    expect(text(await call("echo", { arguments: { a: 1 } }))).toBe('{"a":1}')
    const [status] = backends.status()
    expect(status).toMatchObject({ transport: "http", era: "modern", state: "up" })
    expect(isAlive(Number(status?.pid))).toBe(true)
    expect(events).toContainEqual({
      level: "info",
      event: "backend_output",
      fields: { server: "it@1", line: "about to listen", suppressed: 0 },
    })
  })

  test("that does not open its port in time is unavailable, and stopped", async () => {
    const { call, backends } = open(await managed("never-listens"), { limits: { startMs: 300 } })
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringContaining("does not listen"),
    })
    await until(() => backends.status()[0]?.pid === undefined)
  })

  test("that ends is started again", async () => {
    const { call, backends } = open(await managed())
    await call("echo")
    const first = backends.status()[0]?.pid
    expect(refusal(await call("crash")).code).toBe("backend_unavailable")
    await until(async () => (await call("echo")).kind === "result")
    expect(backends.status()[0]?.pid).not.toBe(first)
  })

  test("ends with the pool", async () => {
    const { call, backends } = open(await managed())
    await call("echo")
    const pid = Number(backends.status()[0]?.pid)
    await backends.close()
    expect(isAlive(pid)).toBe(false)
  })
})
