import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { startAuthorizationServer } from "../../../support/authorization-server.ts"
import {
  clientCredentials,
  eras,
  handClock,
  openProved,
  serveEra,
} from "../../../support/backend-credentials.ts"
import { http, open, refusal, stdio, text, until } from "../../../support/backend-world.ts"

function secretFile(value: string) {
  const folder = mkdtempSync(join(tmpdir(), "secrets-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, "token")
  const write = (text: string) => writeFileSync(file, text)
  write(value)
  return { folder, file, write, remove: () => rmSync(file) }
}

/** A backend that takes the token it is told, and nothing else. */
async function openWithFile(era: (typeof eras)[number], file: string, prefix = "Bearer ") {
  const state = { wanted: "" }
  const backend = await serveEra[era](({ headers }) => headers.authorization === state.wanted)
  const clock = handClock()
  const headerFiles = new Map([["authorization", { file, prefix }]])
  return { ...open(http(backend.url, { headerFiles }), { now: clock.now }), backend, clock, state }
}

describe.each(eras)("a header whose value stands in a file, for a %s server,", (era) => {
  test("is read when it is first needed, and again when the file has changed", async () => {
    const { file, write } = secretFile("the-first-value-001\n")
    const { backends, call, clock, backend, state } = await openWithFile(era, file)
    state.wanted = "Bearer the-first-value-001"
    expect(text(await call("echo"))).toBe("null")
    write("the-second-value-02\n")
    clock.advance(1_000)
    await until(async () => {
      await call("echo")
      return backend.seen.at(-1)?.headers.authorization === "Bearer the-second-value-02"
    })
    state.wanted = "Bearer the-second-value-02"
    expect(text(await call("echo"))).toBe("null")
    expect(backends.status()).toMatchObject([{ state: "up", restarts: 0 }])
  })

  test("is read at once when the server refuses the old one, and no call is lost", async () => {
    const { file, write } = secretFile("the-first-value-001")
    const { call, state } = await openWithFile(era, file)
    state.wanted = "Bearer the-first-value-001"
    await call("echo")
    write("the-second-value-02")
    state.wanted = "Bearer the-second-value-02"
    const replies = await Promise.all(Array.from({ length: 100 }, () => call("echo")))
    expect(new Set(replies.map(text))).toEqual(new Set(["null"]))
  })

  test("stays in force when the file goes away, is emptied, or holds what no header can carry", async () => {
    const { file, write, remove } = secretFile("the-first-value-001")
    const { call, clock, events, state } = await openWithFile(era, file)
    state.wanted = "Bearer the-first-value-001"
    await call("echo")
    for (const spoil of [
      remove,
      () => write(""),
      () => write("a\r\nx: y"),
      () => write("z".repeat(70_000)),
    ]) {
      spoil()
      clock.advance(1_000)
      const before = events.length
      expect(text(await call("echo"))).toBe("null")
      await until(async () => events.length > before)
      expect(events.at(-1)).toMatchObject({ level: "warn", event: "secret_unreadable" })
      expect(text(await call("echo"))).toBe("null")
    }
    expect(JSON.stringify(events)).not.toMatch(/first-value|x: y|zzz/)
  })
})

test("a mounted secret, which is a link that moves, is followed", async () => {
  const { folder } = secretFile("unused")
  const mount = (version: string, value: string) => {
    mkdirSync(join(folder, version))
    writeFileSync(join(folder, version, "token"), value)
    symlinkSync(version, join(folder, "..data_tmp"))
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"))
  }
  mount("..v1", "the-first-value-001")
  symlinkSync("..data/token", join(folder, "mounted"))
  const { call, state } = await openWithFile("modern", join(folder, "mounted"))
  state.wanted = "Bearer the-first-value-001"
  await call("echo")
  mount("..v2", "the-first-value-002")
  state.wanted = "Bearer the-first-value-002"
  expect(text(await call("echo"))).toBe("null")
})

test("a file that is not there makes the server unavailable, until it is", async () => {
  const { file, write, remove } = secretFile("x")
  remove()
  const { call, state } = await openWithFile("modern", file)
  expect(refusal(await call("echo"))).toMatchObject({
    code: "backend_unavailable",
    reason: expect.stringMatching(/the secret of this server cannot be read: ENOENT/),
  })
  write("the-first-value-001")
  state.wanted = "Bearer the-first-value-001"
  await until(async () => (await call("echo")).kind === "result")
})

test("a key from a file and a token from elsewhere go together", async () => {
  await using server = await startAuthorizationServer()
  const { file, write } = secretFile("the-first-api-key-01")
  let wanted = "the-first-api-key-01"
  const { call, backend } = await openProved("modern", server, {
    address: { headerFiles: new Map([["x-api-key", { file, prefix: "" }]]) },
    admits: ({ headers }) =>
      server.accepts(headers.authorization) && headers["x-api-key"] === wanted,
  })
  expect(text(await call("echo"))).toBe("null")
  write("the-second-api-key-02")
  wanted = "the-second-api-key-02"
  expect(text(await call("echo"))).toBe("null")
  server.revoke()
  write("the-third-api-key-003")
  wanted = "the-third-api-key-003"
  expect(refusal(await call("echo"))).toMatchObject({ isUnauthorized: true }) // the token was renewed a moment ago
  expect(backend.seen.at(-1)?.headers["x-api-key"]).toBe("the-third-api-key-003")
})

test("a client's secret is read for every request for a token", async () => {
  await using server = await startAuthorizationServer({ gateway: { secret: "the-first-secret" } })
  const { file, write } = secretFile("the-first-secret\n")
  const secret = { file, prefix: "" }
  const { call, clock } = await openProved("modern", server, {
    authorization: clientCredentials(server, {
      proof: { kind: "secret", secret, method: undefined },
    }),
  })
  expect(text(await call("echo"))).toBe("null")
  server.state.clients = { gateway: { secret: "the-second-secret" } }
  write("the-second-secret\n")
  clock.advance(3_600_000)
  expect(text(await call("echo"))).toBe("null")
  expect(server.requests.map(({ client }) => client)).toEqual(["basic gateway", "basic gateway"])
})

describe("a program", () => {
  const child = join(import.meta.dirname, "../../../support/backend-child.ts")
  const started = (file: string, ...quirks: string[]) => {
    const { process: command, ...address } = stdio([child, "modern", ...quirks])
    return {
      ...address,
      process: { ...command, env: new Map([["API_TOKEN", { file, prefix: "" }]]) },
    }
  }

  test("is started with the secret that its file holds then", async () => {
    const { file, write } = secretFile("the-first-token-0001\n")
    const { call } = open(started(file))
    const env = async () => JSON.parse(String(text(await call("env"))))["API_TOKEN"]
    expect(await env()).toBe("[secret]") // it was given one, and does not tell
    write("short\n") // too short to be looked for
    await call("crash")
    await until(async () => (await call("echo")).kind === "result")
    expect(await env()).toBe("short")
  })

  test("is not started without it", async () => {
    const { file, remove } = secretFile("x")
    remove()
    const { call } = open(started(file))
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringMatching(/not started: .*ENOENT/),
    })
  })
})
