import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, onTestFinished, test } from "vitest"
import {
  compiled,
  open,
  options,
  refusal,
  stdio,
  text,
  until,
} from "../../support/backend-world.ts"
import { isAlive } from "../../support/is-alive.ts"

const script = fileURLToPath(import.meta.resolve("../../support/backend-child.ts"))
const child = (...quirks: string[]) => stdio([script, ...quirks])

/** A legacy server that cuts one way of talking to it when a tool is called, and stays. */
const cutting = (cut: string) => `
  const say = (id, result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }))
  setInterval(() => {}, 1_000)
  require("node:readline").createInterface(process.stdin).on("line", (line) => {
    const { id, method } = JSON.parse(line)
    if (method === "initialize") say(id, { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "mute", version: "1" } })
    if (method === "tools/call") ${cut}
    if (method === "server/discover") console.log(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }))
  })`
const mute = cutting(`require("node:fs").closeSync(1)`)
const deafened = cutting(`process.stdin.destroy().once("close", () => {
      require("node:fs").closeSync(0)
      say(id, { content: [{ type: "text", text: "my last" }] })
    })`)

/** A child that notes its starts in a file; with the number of them so far. */
function counted(...quirks: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "starts-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "starts")
  const address = child(...quirks)
  const env = new Map([["BACKEND_CHILD_STARTS", file], ...compiled])
  const starts = () => {
    try {
      return readFileSync(file, "utf8").trim().split("\n").map(Number)
    } catch {
      return []
    }
  }
  return { address: { ...address, process: { ...address.process, env } }, starts }
}

describe("a child on stdio", () => {
  test("is started by the first call, once for all callers", async () => {
    const { address, starts } = counted("legacy")
    const { call, backends } = open(address)
    expect(backends.status()).toMatchObject([{ state: "idle", pid: undefined }])
    const pids = await Promise.all(Array.from({ length: 20 }, async () => text(await call("pid"))))
    expect(new Set(pids)).toEqual(new Set([String(starts()[0])]))
    expect(starts()).toHaveLength(1)
    expect(backends.status()).toMatchObject([{ pid: starts()[0] }])
  })

  test("that closes its stdout and lives on is ended, and its calls are refused at once", async () => {
    const { call, backends } = open(stdio(["-e", mute]))
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      reason: "the server's process ended: it closed its stdout and was ended",
    })
    expect(backends.status()).toMatchObject([{ state: "down", pid: undefined }])
  })

  test("that closes its stdin and lives on is ended at the next call, which is refused at once", async () => {
    const { call, backends } = open(stdio(["-e", deafened]))
    expect(text(await call("echo"))).toBe("my last")
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      reason: "the server's process ended: it closed its stdin and was ended",
    })
    expect(backends.status()).toMatchObject([{ state: "down", pid: undefined }])
  })

  test("that ends at a request before initialize is taken for a legacy server", async () => {
    const { address, starts } = counted("legacy", "picky")
    const { call, backends } = open(address)
    expect(text(await call("echo"))).toBe("null")
    expect(backends.status()).toMatchObject([{ era: "legacy", restarts: 0 }])
    expect(starts()).toHaveLength(2)
  })

  test("that is silent to the probe is taken for a legacy server, in the same process", async () => {
    const { address, starts } = counted("legacy", "silent-to-probe")
    const { call, backends } = open(address)
    expect(text(await call("echo"))).toBe("null")
    expect(backends.status()).toMatchObject([{ era: "legacy" }])
    expect(starts()).toHaveLength(1)
  })

  test("that is slow to start is what it says in the end", async () => {
    const limits = { probeMs: 1 }
    for (const era of ["legacy", "modern"] as const) {
      const { address, starts } = counted(era)
      const { call, backends } = open(address, { limits })
      expect(text(await call("echo"))).toBe("null")
      expect(backends.status()).toMatchObject([{ era }])
      expect(starts()).toHaveLength(1)
    }
    const { address } = counted("legacy", "picky")
    expect(text(await open(address, { limits }).call("echo"))).toBe("null")
  })

  test("that never answers is given up and killed", async () => {
    const { address, starts } = counted("legacy", "never-answers", "outlives-stdin")
    const { call } = open(address, { limits: { connectMs: 300 } })
    expect(refusal(await call("echo"))).toMatchObject({ code: "backend_unavailable" })
    await until(() => !isAlive(Number(starts()[0])))
  })

  test("that does not exist is unavailable", async () => {
    const none = { command: "/no/such/program", args: [], env: new Map(), cwd: undefined }
    const { call } = open({ ...stdio([]), process: none })
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringContaining("ENOENT"),
    })
  })

  test("that the system refuses to start is unavailable", async () => {
    for (const arg of ["nul \0 byte", "x".repeat(4 * 1024 * 1024)]) {
      const { call } = open(stdio([script, arg]))
      expect(refusal(await call("echo"))).toMatchObject({ code: "backend_unavailable" })
    }
  })

  test("gets its arguments as they are: no shell looks at them", async () => {
    const print = "process.stderr.write(process.argv.slice(1).join('|'))"
    const { call, events } = open(stdio(["-e", print, "$(id); `id`", "*"]))
    expect((await call("echo")).kind).toBe("refusal")
    const lines = await until(() => events.filter(({ event }) => event === "backend_stderr"))
    expect(lines.map(({ fields }) => fields["line"])).toContain("$(id); `id`|*")
  })

  test("sees the configured variables and a short list of ours, no others", async () => {
    process.env["BACKEND_CANARY"] = "do not show"
    onTestFinished(() => void delete process.env["BACKEND_CANARY"])
    const address = child("legacy")
    const env = new Map([["GIVEN", "yes"]])
    const { call } = open({ ...address, process: { ...address.process, env } })
    const seen = JSON.parse(String(text(await call("env"))))
    expect(seen).toMatchObject({ GIVEN: "yes", PATH: process.env["PATH"] })
    const known = ["GIVEN", "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"]
    expect(Object.keys(seen).filter((name) => !known.includes(name))).toEqual([])
  })

  test("that writes garbage between its answers is heard all the same, and counted", async () => {
    const { call, backends, events } = open(child("legacy", "garbage"))
    expect(text(await call("echo"))).toBe("null")
    const [status] = backends.status()
    expect(status?.strays).toBeGreaterThan(4)
    expect(events).toContainEqual(
      expect.objectContaining({
        event: "backend_stray",
        fields: expect.objectContaining({ kind: "garbage" }),
      }),
    )
  })

  test("that answers twice or under a foreign id disturbs no other call", async () => {
    const { call, backends } = open({ ...child("legacy"), options: { ...options, timeoutMs: 400 } })
    await until(async () => (await call("echo")).kind === "result")
    expect(text(await call("twice"))).toBe("first")
    const wrong = call("wrong")
    expect(text(await call("echo", { arguments: { a: 1 } }))).toBe('{"a":1}')
    expect(refusal(await wrong).code).toBe("backend_timeout")
    expect(backends.status()).toMatchObject([{ strays: 2, state: "up" }])
  })

  test("whose answer is one line of 50 MB fails that call alone, and at once", async () => {
    const { call, backends } = open(child("legacy"))
    const pid = text(await call("pid"))
    const huge = call("huge")
    const reason = expect.stringContaining("larger than")
    expect(refusal(await huge)).toMatchObject({ code: "backend_error", reason })
    expect(text(await call("pid"))).toBe(pid)
    expect(backends.status()).toMatchObject([{ restarts: 0 }])
  })

  test("that stops reading holds up its own calls only until their deadline", async () => {
    const { call } = open({
      ...child("legacy", "outlives-stdin"),
      options: { ...options, timeoutMs: 600 },
    })
    await until(async () => (await call("echo")).kind === "result")
    void call("deaf")
    const big = { filler: "x".repeat(100_000) }
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => call("echo", { arguments: big })),
    )
    expect(new Set(replies.map((reply) => refusal(reply).code))).toEqual(
      new Set(["backend_timeout"]),
    )
  })

  test("has its stderr in the log, without secrets and control characters", async () => {
    const address = child("legacy", "stderr-secret")
    const env = new Map([["API_TOKEN", "s3cret-value-9"]])
    const { call, events } = open({ ...address, process: { ...address.process, env } })
    await call("echo")
    await until(() => events.some(({ event }) => event === "backend_stderr"))
    expect(events.find(({ event }) => event === "backend_stderr")?.fields).toMatchObject({
      server: "it@1",
      line: "the token is [secret]",
    })
    expect(JSON.stringify(events)).not.toContain("s3cret")
  })
})

describe("a child that ends", () => {
  test("fails its calls at once, and the next calls find another", async () => {
    const { address, starts } = counted("legacy")
    const { call, backends } = open(address)
    await call("echo")
    const waiting = [call("wait"), call("wait"), call("crash")]
    for (const reply of await Promise.all(waiting))
      expect(refusal(reply)).toMatchObject({
        code: "backend_unavailable",
        reason: expect.stringContaining("SIGKILL"),
        fate: "lost",
      })
    await until(async () => (await call("echo")).kind === "result")
    expect(starts()).toHaveLength(2)
    expect(backends.status()).toMatchObject([{ restarts: 1, state: "up" }])
  })

  test("is started again by itself, without a call", async () => {
    const { address, starts } = counted("legacy")
    const { call, backends } = open(address)
    await call("echo")
    process.kill(Number(starts()[0]), "SIGKILL")
    await until(() => starts().length === 2 && backends.status()[0]?.state === "up")
    expect(text(await call("echo"))).toBe("null")
  })

  test("again and again is tried less and less often and does not hold up another", async () => {
    const { address, starts } = counted("legacy", "crash-loop")
    const { backends, call } = open(address, { limits: { backoffMs: 400, backoffMaxMs: 60_000 } })
    const good = child("legacy")
    backends.route(
      new Map([
        ["bad@1", address],
        ["it@1", good],
      ]),
    )
    const bad = { name: "bad", version: "1", entity: { name: "bad", provides: [], extra: {} } }
    const replies = await Promise.all([
      ...Array.from({ length: 30 }, () => call("echo", {}, bad)),
      call("echo"),
    ])
    expect(text(replies[30] ?? replies[0] ?? neverThere)).toBe("null")
    expect(refusal(await call("echo", {}, bad))).toHaveProperty("retryAfterMs")
    expect(starts().length).toBeLessThanOrEqual(2) // the probe's child, and the one after it
  })

  test("takes its grandchildren with it", async () => {
    const { call, events } = open(child("legacy", "grandchild"))
    await call("echo")
    const line = await until(() =>
      events.map(({ fields }) => String(fields["line"])).find((text) => /^grandchild/.test(text)),
    )
    const grandchild = Number(line?.split(" ")[1])
    expect(isAlive(grandchild)).toBe(true)
    await call("crash")
    await until(() => !isAlive(grandchild))
  })
})

describe("a gateway that is killed", () => {
  test("leaves no child that listens by the end of its stdin", async () => {
    const { address, starts } = counted("legacy")
    const pool = fileURLToPath(import.meta.resolve("../../support/backend-gateway.ts"))
    const [file] = [...address.process.env.values()]
    const gateway = spawn(process.execPath, [pool, script, String(file)], { stdio: "ignore" })
    onTestFinished(() => void gateway.kill("SIGKILL"))
    await until(() => starts().length === 1)
    expect(starts().every(isAlive)).toBe(true)
    gateway.kill("SIGKILL")
    await until(() => starts().every((pid) => !isAlive(pid)))
  })

  test("ends its children when it exits without closing them", async () => {
    const { address, starts } = counted("legacy", "outlives-stdin")
    const pool = fileURLToPath(import.meta.resolve("../../support/backend-gateway.ts"))
    const [file] = [...address.process.env.values()]
    const gateway = spawn(process.execPath, [pool, script, String(file), "exit"])
    onTestFinished(() => void gateway.kill("SIGKILL"))
    const [code] = await once(gateway, "exit")
    expect(code).toBe(0)
    expect(starts()).toHaveLength(1)
    await until(() => starts().every((pid) => !isAlive(pid)))
  })
})

describe("closing children", () => {
  test("ends one that listens by the end of its stdin", async () => {
    const { address, starts } = counted("legacy")
    const { call, backends } = open(address)
    await call("echo")
    await backends.close()
    expect(isAlive(Number(starts()[0]))).toBe(false)
  })

  test("kills one that ignores the end of stdin and SIGTERM, with its grandchildren", async () => {
    const { call, backends, events } = open(
      child("legacy", "ignores-sigterm", "outlives-stdin", "grandchild"),
    )
    const pid = Number(text(await call("pid")))
    const line = events
      .map(({ fields }) => String(fields["line"]))
      .find((text) => /^grand/.test(text))
    await backends.close()
    expect(isAlive(pid)).toBe(false)
    await until(() => !isAlive(Number(line?.split(" ")[1])))
  })

  test("while one is starting leaves none behind", async () => {
    const { address, starts } = counted("legacy", "never-answers", "outlives-stdin")
    const { call, backends } = open(address)
    const waiting = call("echo")
    await until(() => starts().length > 0)
    await backends.close()
    expect(refusal(await waiting).code).toBe("backend_unavailable")
    await until(() => starts().every((pid) => !isAlive(pid)))
  })

  test("lets a call that runs come to its end", async () => {
    const { call, backends } = open(child("legacy"), { limits: { drainMs: 5_000 } })
    await call("echo")
    const slow = call("slow", { arguments: { a: 1 } })
    await backends.close()
    expect(text(await slow)).toBe('{"a":1}')
  })
})

const neverThere = { kind: "error", error: { code: 0, message: "" } } as const
