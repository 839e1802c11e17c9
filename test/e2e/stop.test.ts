import { connect } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { openBackend } from "../support/e2e-backend.ts"
import {
  callTool,
  jsonLines,
  type Sketch,
  startGateway,
  type TestGateway,
} from "../support/e2e-gateway.ts"
import { becomes, descendants, postern, project } from "../support/e2e-process.ts"
import { legacy, opened, post, posting, session } from "../support/face-server.ts"
import { listening, sessionStream } from "../support/face-stream.ts"
import { isAlive } from "../support/is-alive.ts"

/** A gateway before one HTTP server and two children on stdio, the second of which ignores SIGTERM. */
async function world(more: Partial<Sketch> = {}, ...quirks: string[]) {
  const backend = await openBackend()
  onTestFinished(() => backend[Symbol.asyncDispose]())
  const child = (...args: string[]) => ({
    command: "node",
    args: [join(project, "test/support/e2e-child.ts"), ...args],
  })
  const gateway = await startGateway({
    registry: {
      tools: {
        held: { server: "web", hasEffects: true },
        echo: "web",
        pid: "plain",
        stubborn: { server: "stubborn", as: "pid" },
        stuck: { server: "plain", as: "held" },
      },
      agents: { a: ["held", "echo", "pid", "stubborn", "stuck"] },
    },
    servers: {
      "web:1.0.0": { url: backend.url },
      "plain:1.0.0": child(...quirks),
      "stubborn:1.0.0": child("deaf-to-signals"),
    },
    ...more,
  })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return { backend, gateway }
}

const agent = "a@1.0.0"

/** Lets both children start, and returns all processes that then live below the gateway. */
async function startChildren(gateway: TestGateway): Promise<number[]> {
  const answers = await Promise.all([
    callTool(gateway, agent, "pid"),
    callTool(gateway, agent, "stubborn"),
  ])
  for (const answer of answers) expect(answer).not.toHaveProperty("isError")
  const pids = descendants(gateway.running.pid)
  expect(pids.length).toBeGreaterThanOrEqual(2)
  return pids
}

const inFlight = async (gateway: TestGateway): Promise<number> => {
  const servers = (await gateway.status())["servers"] as { inFlight: number }[]
  return servers.reduce((sum, server) => sum + server.inFlight, 0)
}

const areGone = (pids: readonly number[]) =>
  becomes(() => !pids.some(isAlive), `gone: ${pids.filter(isAlive)}`)

describe("SIGTERM", () => {
  test("turns readiness red, lets the call in flight finish, and leaves no process", async () => {
    const { backend, gateway } = await world({}, "grandchild")
    const children = await startChildren(gateway)
    expect(children).toHaveLength(3)
    const slow = callTool(gateway, agent, "held")
    await becomes(() => backend.held() === 1, "held")
    gateway.running.child.kill("SIGTERM")
    await becomes(async () => (await gateway.admin("/readyz")).status === 503, "not ready")
    expect(await gateway.admin("/readyz")).toMatchObject({
      text: expect.stringContaining('"code":"closing"'),
    })
    expect(await gateway.admin("/healthz")).toMatchObject({ status: 200 })
    await expect(callTool(gateway, agent, "echo")).rejects.toThrow("ECONNREFUSED")
    backend.release()
    expect(await slow).toMatchObject({ content: [{ text: "released" }] })
    expect(await gateway.running.exited).toEqual({ code: 0, signal: null })
    await areGone(children)
    expect(gateway.audit().at(-1)).toMatchObject({ kind: "config", note: { event: "stopped" } })
    const verified = await postern(["audit", "verify", gateway.auditFile])
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("the chain holds") })
  })

  test("ends streams, and requests that outlast the grace period", async () => {
    const { backend, gateway } = await world({ config: { limits: { shutdownTimeout: "300ms" } } })
    const legacy = await sessionStream(gateway.port, await session(gateway.port, agent))
    const modern = await listening(gateway.port, agent)
    await modern.arrived(1)
    const slow = callTool(gateway, agent, "held").catch(String)
    await becomes(() => backend.held() === 1, "held")
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
    expect(await slow).toMatch(/ECONNRESET|socket hang up/)
    await Promise.all([legacy.over(), modern.over()])
    expect(modern.messages().at(-1)).toMatchObject({ result: { resultType: "complete" } })
    expect(gateway.log()).toContainEqual(expect.objectContaining({ event: "requests_cut" }))
    expect(gateway.audit().at(-1)).toMatchObject({ note: { event: "stopped", cut: 1 } })
  })

  test("ends calls whose caller has left, and has their records before its own last one", async () => {
    const { backend, gateway } = await world({ config: { limits: { shutdownTimeout: "300ms" } } })
    const leaving = new AbortController()
    const request = posting(legacy("tools/call", { name: "held", arguments: {} }), {
      ...(await session(gateway.port, agent)),
    })
    const left = expect(opened(gateway.port, { ...request, signal: leaving.signal })).rejects
    await becomes(() => backend.held() === 1, "held")
    leaving.abort()
    await left.toThrow("aborted")
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
    expect(gateway.audit().slice(-2)).toMatchObject([
      { kind: "call", target: { name: "held" }, outcome: "refused" },
      { kind: "config", note: { event: "stopped", cut: 0 } },
    ])
  })

  test("a second time ends the process at once, and its children with it", async () => {
    const { gateway } = await world({}, "grandchild")
    const children = await startChildren(gateway)
    const slow = callTool(gateway, agent, "stuck").catch(String)
    await becomes(async () => (await inFlight(gateway)) === 1, "in flight")
    gateway.running.child.kill("SIGTERM")
    await becomes(async () => (await gateway.admin("/readyz")).status === 503, "not ready")
    const impatience = setInterval(() => gateway.running.child.kill("SIGINT"), 50) // what comes at once is the same press
    onTestFinished(() => clearInterval(impatience))
    expect(await gateway.running.exited).toEqual({ code: 1, signal: null })
    expect(await slow).toMatch(/ECONNRESET|socket hang up|ECONNREFUSED/)
    await areGone(children)
  })

  test("passed on by whoever started it is one wish, and what is in flight finishes", async () => {
    const { backend, gateway } = await world()
    const slow = callTool(gateway, agent, "held")
    await becomes(() => backend.held() === 1, "held")
    gateway.running.child.kill("SIGINT")
    gateway.running.child.kill("SIGINT")
    await becomes(async () => (await gateway.admin("/readyz")).status === 503, "not ready")
    gateway.running.child.kill("SIGTERM")
    backend.release()
    expect(await slow).toMatchObject({ content: [{ text: "released" }] })
    expect(await gateway.running.exited).toEqual({ code: 0, signal: null })
    expect(gateway.audit().at(-1)).toMatchObject({ note: { event: "stopped", cut: 0 } })
  })

  test.each(["SIGHUP", "SIGQUIT"] as const)("as %s leaves no process either", async (signal) => {
    const { gateway } = await world({}, "grandchild")
    const children = await startChildren(gateway)
    gateway.running.child.kill(signal)
    expect(await gateway.running.exited).toEqual({ code: 0, signal: null })
    await areGone(children)
  })

  test("is none of SIGUSR1, which opens no debugger, and SIGUSR2", async () => {
    const { gateway } = await world()
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) gateway.running.child.kill(signal)
    const answers = await Promise.all([1, 2].map(() => callTool(gateway, agent, "pid")))
    for (const answer of answers) expect(answer).not.toHaveProperty("isError")
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
    expect(gateway.running.stderr()).not.toContain("Debugger")
    expect(gateway.audit().at(-1)).toMatchObject({ note: { event: "stopped" } })
  })

  test("does not wait for connections on which nobody asks anything", async () => {
    const { gateway } = await world()
    const sockets = Array.from({ length: 20 }, () => connect(gateway.port, "127.0.0.1"))
    for (const socket of sockets) {
      socket.on("error", () => undefined) // cut is what they are
      onTestFinished(() => void socket.destroy())
    }
    expect(await post(gateway.port, "{", {})).toMatchObject({ status: 400 })
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
    expect(gateway.audit().at(-1)).toMatchObject({ note: { event: "stopped", cut: 0 } })
  })
})

describe("SIGKILL", () => {
  test("takes the children on stdio with it, and leaves an audit that says what was in flight", async () => {
    const { backend, gateway } = await world()
    const children = await startChildren(gateway)
    const slow = callTool(gateway, agent, "held").catch(String)
    await becomes(() => backend.held() === 1, "held")
    gateway.running.child.kill("SIGKILL")
    expect(await gateway.running.exited).toMatchObject({ signal: "SIGKILL" })
    expect(await slow).toMatch(/ECONNRESET|socket hang up/)
    await areGone(children)

    const begun = gateway.audit().find(({ kind }) => kind === "begin")
    expect(begun).toMatchObject({ target: { name: "held" }, outcome: null })
    const verified = await postern(["audit", "verify", "--json", gateway.auditFile])
    expect(verified.code).toBe(0)
    expect(JSON.parse(verified.stdout)).toMatchObject({
      findings: [],
      openBegins: [{ id: begun?.["id"] }],
    })
    const words = await postern(["audit", "verify", gateway.auditFile])
    expect(words.stdout).toContain(`in flight — call ${begun?.["id"]} has no end`)
  })

  test("is survived by the audit: the next process goes on with the chain and says what was lost", async () => {
    const { backend, gateway } = await world()
    const slow = callTool(gateway, agent, "held").catch(() => undefined)
    await becomes(() => backend.held() === 1, "held")
    gateway.running.child.kill("SIGKILL")
    await gateway.running.exited
    await slow
    const before = gateway.audit()
    const next = await startGateway({
      registry: { tools: { echo: "web" }, agents: { a: ["echo"] } },
      servers: { "web:1.0.0": { url: backend.url } },
      folder: gateway.folder,
    })
    onTestFinished(() => next[Symbol.asyncDispose]())
    expect(await callTool(next, agent, "echo", { n: 1 })).toMatchObject({
      content: [{ text: '{"n":1}' }],
    })
    const [recovered] = next.audit().slice(before.length)
    const begun = before.find(({ kind }) => kind === "begin")
    expect(recovered).toMatchObject({
      kind: "recovered",
      note: { openBeginCount: 1, openBegins: [begun?.["id"]] },
    })
    await next.stop()
    const verified = await postern(["audit", "verify", "--json", next.auditFile])
    expect(jsonLines(verified.stdout)).toMatchObject([{ findings: [] }])
  })
})
