import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { freePort } from "../../../examples/support/gateway.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { command } from "../../support/command.ts"
import { callTool, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { http } from "../../support/face-server.ts"
import { Shop, shopRegistry } from "../../support/scripted-shop.ts"

/* What a run asks an operator, with the commands that operators type, at a real gateway. */

const folder = mkdtempSync(join(tmpdir(), "answers-"))
afterAll(() => rmSync(folder, { recursive: true }))

const shop = new Shop()
let gateway: TestGateway
let adminPort: number

const start = () =>
  startGateway({
    registry: shopRegistry,
    folder,
    servers: { "shop:1.0.0": { url: String(shop.backend?.url) } },
    config: {
      admin: { port: adminPort },
      state: { runs: "sqlite:./runs.db" },
      limits: { runHold: "1s" },
    },
  })

beforeAll(async () => {
  adminPort = await freePort()
  await shop.open()
  gateway = await start()
})
afterAll(async () => {
  await gateway.stop()
  await shop.backend?.[Symbol.asyncDispose]()
})

const runs = (...args: readonly string[]) =>
  command(["runs", ...args, "--config", join(folder, "postern.yaml")])
const answer = (id: string, ...args: readonly string[]) =>
  runs("answer", id, ...args, "--operator", "kim", "--reason", "seen it")

async function show(id: string): Promise<JsonObject> {
  const { code, stdout, stderr } = await runs("show", id, "--json")
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const isNow = (id: string, status: string) =>
  becomes(async () => (await show(id))["status"] === status, `${id} is ${status}`)

/** Its caller cannot wait; the run's id, when it waits. */
async function waiting(tool: string, name: string): Promise<string> {
  const told = await callTool(gateway, "buyer", tool, { id: name })
  const { id } = Object(Object(told?.["_meta"])["dev.postern/run"])
  await isNow(id, "waiting")
  return id
}

const refused = async (words: RegExp | string, ...args: readonly [string, ...string[]]) => {
  const { code, stderr } = await answer(...args)
  expect([args, code, stderr]).toEqual([args, 1, expect.stringMatching(words)])
}

test("a run that asks an operator waits, tells its caller so, and goes on with the answer", async () => {
  const id = await waiting("grant", "yes")
  const told = await callTool(gateway, "buyer", "grant", { id: "yes" })
  expect(JSON.stringify(told)).toMatch(
    /grant waits for approval by an operator\..*Call it again with the same arguments to get its result/,
  )
  expect((await runs("list", "-s", "waiting")).stdout).toMatch(
    new RegExp(`^${id}  grant@1.0.0  waiting .* ask asks an operator: Grant it\\?$`, "m"),
  )
  const { stdout } = await runs("show", id)
  expect(stdout).toMatch(
    /what it waits to be told\n {2}ask {2}Grant it\?\n {4}by an operator until 2/,
  )
  expect(stdout).toContain(`postern runs answer ${id} accept|decline ask --reason TEXT`)
  await refused(/content does not fit: .*note/, id, "accept")
  await refused(/content does not fit: .*note/, id, "accept", "--content", '{"note": 7}')
  await refused(/step ship asks nothing now; what asks is ask/, id, "decline", "ship")
  expect(await answer(id, "accept", "--content", '{"note": "fine"}')).toMatchObject({
    code: 0,
    stdout: `answer: run ${id} was waiting, and is running now\n`,
  })
  await isNow(id, "completed")
  await refused(/answer is for a run that is waiting, and this one is completed/, id, "decline")
  expect(shop.called("yes")).toEqual(["reserve", "ship"])
  expect(JSON.stringify(await callTool(gateway, "buyer", "grant", { id: "yes" }))).toContain("fine")
  expect((await runs("show", id)).stdout).toContain("accept by kim  seen it")
  const notes = gateway.audit().map(({ note }) => Object(note))
  expect(notes.filter(({ run, event }) => run === id && event === "answer")).toEqual([
    {
      ...{ event: "answer", run: id, tool: "grant", from: "waiting", to: "running" },
      ...{ operator: "kim", reason: "seen it", step: "ask", action: "accept" },
    },
  ])
})

test("an operator may answer instead of the caller, and with no", async () => {
  const id = await waiting("loan", "no")
  expect((await answer(id, "decline", "ask")).code).toBe(0)
  await isNow(id, "compensated")
  expect(shop.called("no")).toEqual(["reserve", "unreserve"])
  const told = JSON.stringify(await callTool(gateway, "buyer", "loan", { id: "no" }))
  expect(told).toContain("the person who was asked declined")
  expect(told).not.toMatch(/kim|seen it/)
})

test("of two questions each is answered by its step, one after the other", async () => {
  const id = await waiting("pair", "two")
  await refused(/more than one step asks; say which: left, right/, id, "accept")
  expect((await answer(id, "accept", "right", "--content", '{"by": "r"}')).code).toBe(0)
  await isNow(id, "waiting")
  await refused(/step right asks nothing now; what asks is left/, id, "decline", "right")
  expect((await answer(id, "accept")).code).toBe(0)
  await isNow(id, "completed")
  expect(shop.called("two")).toEqual(["ship"])
})

test("of two operators at once one is heard, and the other is told", async () => {
  const id = await waiting("grant", "race")
  const [one, other] = await Promise.all([
    answer(id, "accept", "--content", '{"note": "first"}'),
    answer(id, "decline"),
  ])
  expect([one.code, other.code].sort()).toEqual([0, 1])
  expect(one.stderr + other.stderr).toMatch(
    /stepped in at the same time|is for a run that is waiting/,
  )
  await isNow(id, one.code === 0 ? "completed" : "compensated")
})

test("what is no answer is refused before anybody is asked", async () => {
  for (const [args, words] of [
    [["maybe"], /ANSWER: expected accept or decline/],
    [["accept", "--content", "7"], /--content: expected an object/],
    [["accept", "--content", "{"], /--content: expected JSON/],
    [["decline", "--content", "{}"], /--content: only what is accepted has any/],
    [[], /ANSWER/],
  ] as const) {
    const { code, stderr } = await answer("someone", ...args)
    expect([args, code, stderr]).toEqual([args, 2, expect.stringMatching(words)])
  }
  await refused(/there is no run nobody/, "nobody", "accept")
})

test("the admin listener takes answers, and nothing else for one", async () => {
  const id = await waiting("grant", "page")
  const post = (body: unknown) =>
    http(adminPort, {
      method: "POST",
      path: `/runs/${id}/answer`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
  const words = { operator: "kim", reason: "r" }
  for (const [status, body] of [
    [400, words],
    [400, { ...words, action: "cancel" }],
    [400, { ...words, action: "accept", content: "x" }],
    [400, { ...words, action: "accept", output: {} }],
    [409, { ...words, action: "accept", step: "__proto__" }],
    [422, { ...words, action: "accept", content: { note: [] } }],
    [200, { ...words, action: "accept", content: { note: "by page" } }],
    [409, { ...words, action: "accept", content: { note: "late" } }],
  ] as const)
    expect([body, (await post(body)).status]).toEqual([body, status])
  await isNow(id, "completed")
})

test("it waits across a restart, and may be answered while no gateway runs", async () => {
  const [one, two] = [await waiting("grant", "later"), await waiting("grant", "offline")]
  await gateway.stop()
  expect((await answer(two, "accept", "--content", '{"note": "n"}')).stdout).toContain(
    "the next one goes on with it",
  )
  await refused(/is running/, two, "decline")
  gateway = await start()
  await isNow(two, "completed")
  await isNow(one, "waiting")
  expect((await answer(one, "accept", "--content", '{"note": "n"}')).code).toBe(0)
  await isNow(one, "completed")
  expect(shop.called("later")).toEqual(["reserve", "ship"])
})
