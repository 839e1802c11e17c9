import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../src/call/backends.ts"
import { call } from "../../src/call/call.ts"
import { Cancellation } from "../../src/call/cancellation.ts"
import type { Fate } from "../../src/call/fate.ts"
import type { Level } from "../../src/call/gateway.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { answering, callOf, done, sketchGateway } from "../support/gateway.ts"
import { agentOf, documentOf, load, sourceTool, toolDependency } from "../support/registries.ts"

const names = ["one", "two", "three"] as const
type Name = (typeof names)[number]
const at = (server: Name, more: object = {}) => ({ server, serverVersion: "1.0.0", ...more })

interface World {
  readonly servers: readonly object[]
  readonly select?: string
  readonly annotations?: JsonObject
  readonly source?: object
  /** The contract of each server's tool. */
  readonly contracts?: Partial<Record<Name, JsonObject>>
  /** What a server answers; otherwise that it was asked. */
  readonly answers?: Partial<Record<Name, () => BackendReply>>
  readonly level?: Level
  /** Servers on which the tool is withheld. */
  readonly withheld?: readonly string[]
}

/** A gateway around one tool of three servers; `send` gives who was asked, what came of it, and its audit record. */
function worldOf(world: World) {
  const { servers, select, annotations, source, contracts = {}, answers = {} } = world
  const document = documentOf(
    [
      sourceTool("t", {
        source: { servers, ...(select && { select }), tool: "t", ...source },
        ...(annotations && { annotations }),
        inputSchema: { type: "object" },
      }),
    ],
    {
      agents: [agentOf("a", [toolDependency("t")], { version: "1" })],
      servers: names.map((name) => ({
        ...{ name, version: "1.0.0" },
        provides: [
          { tool: "t", ...(contracts[name] && { inputSchema: contracts[name] }) },
          { tool: `t_${name}` },
        ],
      })),
    },
  )
  const { catalog, problems } = load(document, { env: () => undefined })
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  const asked: string[] = []
  let rounds: BackendRequest["rounds"]
  const backends = answering(async ({ name }, request) => {
    asked.push(`${name} ${request.name}`)
    rounds = request.rounds
    return answers[name as Name]?.() ?? done({ content: [], from: name })
  })
  const { gateway, records } = sketchGateway(catalog, {
    gateway: { backends },
    levels: {
      inputValidation: world.level ?? "deny",
      ...(world.withheld && {
        withheld: {
          reason: ({ name }) => (world.withheld?.includes(name) ? "not as it was" : undefined),
        },
      }),
    },
  })
  return async (args: JsonObject = {}, more: Parameters<typeof callOf>[2] = {}) => {
    asked.length = 0
    const answer = await call(callOf("t", args, more), gateway)
    const record = records.at(-1)
    return {
      result: answer.kind === "result" ? answer.result : undefined,
      rounds,
      asked: asked.map((line) => line.replace(/ t$/, "")),
      answer: answer.kind === "refusal" ? answer.refusal.code : answer.kind,
      server: record?.server?.name,
      warnings: record?.warnings,
      outcome: record?.outcome,
    }
  }
}

const refusing = (fate: Fate | undefined) => (): BackendReply => ({
  kind: "refusal",
  refusal: { code: "backend_unavailable", subject: "t", reason: "down", ...(fate && { fate }) },
})
const cancelled = (): BackendReply => ({
  kind: "refusal",
  refusal: { code: "cancelled", reason: "left", fate: "unsent" },
})
const failing = (fate: Fate | undefined) => ({ one: refusing(fate) })
const all = names.map((name) => at(name))

describe("where a tool is withheld on some of its servers", () => {
  test("the others are asked, in their order and in turn", async () => {
    const first = worldOf({ servers: all, withheld: ["one"] })
    expect(await first()).toMatchObject({ asked: ["two"], server: "two", answer: "result" })
    const turns = worldOf({ servers: all, select: "round_robin", withheld: ["two"] })
    const asked = [await turns(), await turns(), await turns()].flatMap((one) => one.asked)
    expect(new Set(asked)).toEqual(new Set(["one", "three"]))
    const broken = worldOf({ servers: all, withheld: ["two"], answers: failing("unsent") })
    expect(await broken()).toMatchObject({ asked: ["one", "three"] })
  })

  test("nobody is asked where it is withheld on all, or on the only one that takes the call", async () => {
    const none = worldOf({ servers: all, withheld: names })
    expect(await none()).toMatchObject({ asked: [], answer: "definition_drift" })
    const byArgument = [at("one", { when: "input.n == 1" }), at("two", { when: "input.n == 2" })]
    const some = worldOf({ servers: byArgument, withheld: ["one"], level: "allow" })
    expect(await some({ n: 1 })).toMatchObject({ asked: [], answer: "definition_drift" })
    expect(await some({ n: 2 })).toMatchObject({ asked: ["two"] })
    expect(await some({ n: 3 })).toMatchObject({ asked: [], answer: "invalid_input" })
  })
})

describe("first_available", () => {
  test("asks the first, under its own name for the tool", async () => {
    const send = worldOf({ servers: [at("two", { tool: "t_two" }), at("one")] })
    expect(await send()).toMatchObject({ asked: ["two t_two"], server: "two", warnings: [] })
    expect(await send()).toMatchObject({ asked: ["two t_two"] })
  })

  test.each(["unsent", "busy", "rejected"] as const)(
    "asks the next where nothing was carried out (%s), and the audit says so",
    async (fate) => {
      const send = worldOf({ servers: all, answers: failing(fate) })
      expect(await send()).toMatchObject({
        asked: ["one", "two"],
        answer: "result",
        server: "two",
        warnings: ["failed_over: one@1.0.0 backend_unavailable"],
        outcome: "ok",
      })
    },
  )

  const doubtful = ["lost", "late", "failing", "malformed"] as const
  test.each(doubtful)("does not ask twice what may have had an effect (%s)", async (fate) => {
    const send = worldOf({ servers: all, answers: failing(fate) })
    expect(await send()).toMatchObject({
      asked: ["one"],
      answer: "backend_unavailable",
      server: "one",
      outcome: "refused",
    })
  })

  test.each(doubtful)("does ask twice for a tool that may be called twice (%s)", async (fate) => {
    const answers = failing(fate)
    for (const world of [
      { annotations: { readOnlyHint: true } },
      { annotations: { idempotentHint: true } },
      { source: { idempotency: { argument: "key" } } },
    ]) {
      const send = worldOf({ servers: all, answers, ...world })
      expect(await send()).toMatchObject({ asked: ["one", "two"], server: "two" })
    }
  })

  test("takes an answer for an answer: a tool's error, an error of the server, too large a result", async () => {
    const annotations = { readOnlyHint: true }
    const error = () => ({ kind: "error", error: { code: -32602, message: "no" } }) as const
    for (const one of [
      () => done({ content: [], isError: true }),
      error,
      refusing("oversize"),
      refusing(undefined),
    ]) {
      const send = worldOf({ servers: all, annotations, answers: { one } })
      expect((await send()).asked).toEqual(["one"])
    }
  })

  test("ends with the last refusal where none can be had", async () => {
    const down = refusing("unsent")
    const send = worldOf({ servers: all, answers: { one: down, two: down, three: down } })
    expect(await send()).toMatchObject({
      asked: ["one", "two", "three"],
      answer: "backend_unavailable",
      server: "three",
      outcome: "refused",
    })
  })

  test("asks nobody else once the caller has left", async () => {
    const cancellation = new Cancellation()
    const one = () => {
      cancellation.cancel()
      return refusing("unsent")()
    }
    const send = worldOf({ servers: all, answers: { one } })
    expect((await send({}, { cancellation })).asked).toEqual(["one"])
    const left = worldOf({ servers: all, answers: { one: cancelled } })
    expect((await left()).asked).toEqual(["one"])
  })
})

describe("round_robin", () => {
  test("asks each in turn, and the others where one cannot be had", async () => {
    const send = worldOf({
      servers: all,
      select: "round_robin",
      answers: { two: refusing("unsent") },
    })
    const asked: string[] = []
    for (let turn = 0; turn < 4; turn++) asked.push((await send()).asked.join())
    expect(asked).toEqual(["one", "two,three", "three", "one"])
  })

  test("takes turns among those that take the call", async () => {
    const servers = [at("one", { when: "input.n > 1" }), at("two"), at("three")]
    const send = worldOf({ servers, select: "round_robin" })
    const asked: string[] = []
    for (let turn = 0; turn < 4; turn++) asked.push((await send({ n: 1 })).asked.join())
    expect(asked).toEqual(["two", "three", "two", "three"])
  })
})

test("a caller that was asked something comes back to the server that asked, whoever's turn it is", async () => {
  const asking = (name: Name) => () =>
    done({
      content: [],
      resultType: "input_required",
      inputRequests: { q: { method: "elicitation/create", params: { message: "?" } } },
      requestState: `state of ${name}`,
    })
  const answers = { one: asking("one"), two: asking("two"), three: asking("three") }
  const send = worldOf({ servers: all, select: "round_robin", answers })
  const capabilities = { elicitation: { form: {} } }
  const rounds = { kind: "rounds" as const, capabilities, responses: undefined, state: undefined }
  for (const name of names) {
    const first = await send({}, { respondent: rounds })
    expect(first.asked).toEqual([name])
    const state = String(first.result?.["requestState"])
    const respondent = { ...rounds, responses: { q: { action: "accept" } }, state }
    const next = await send({}, { respondent })
    expect(next.asked).toEqual([name])
    expect(next.rounds?.state).toBe(`state of ${name}`)
    // A state of another request is nobody's.
    expect(await send({ other: 1 }, { respondent })).toMatchObject({
      asked: [],
      answer: "invalid_round",
    })
    await send({}, { respondent: rounds }) // then it is the turn of the next
  }
})

describe("when", () => {
  const servers = [
    at("one", { when: "input.region == 'eu'" }),
    at("two", { when: { field: "$.region", op: "in", value: ["us", "ca"] } }),
  ]

  test("sends a call to the server that takes it, and to no other where that is down", async () => {
    const send = worldOf({ servers, answers: failing("unsent") })
    expect(await send({ region: "ca" })).toMatchObject({ asked: ["two"], answer: "result" })
    expect(await send({ region: "eu" })).toMatchObject({
      asked: ["one"],
      answer: "backend_unavailable",
    })
  })

  test.each(["deny", "warn", "allow"] as const)(
    "that no server fulfils refuses the call, at %s, too",
    async (level) => {
      const send = worldOf({ servers, level })
      expect(await send({ region: "mars" })).toMatchObject({ asked: [], answer: "invalid_input" })
    },
  )

  test("that cannot be decided sends the call nowhere, not to whoever takes the rest", async () => {
    const send = worldOf({ servers: [...servers.slice(0, 1), at("three")] })
    expect(await send({})).toMatchObject({ asked: [], answer: "invalid_input" })
    expect(await send({ region: "us" })).toMatchObject({ asked: ["three"] })
  })

  test("sees defaults, which a caller cannot change where they are hidden", async () => {
    const source = { defaults: { region: "${caller.trust}" }, hideFields: ["region"] }
    const of = [at("one", { when: "input.region == 'asserted'" }), at("two")]
    const send = worldOf({ servers: of, source })
    expect(await send()).toMatchObject({ asked: ["one"] })
    expect(await send({ region: "x" })).toMatchObject({ asked: [], answer: "invalid_input" })
  })

  test("decides on hostile arguments, too", async () => {
    const send = worldOf({ servers: [at("one", { when: "has(input.__proto__)" }), at("two")] })
    expect((await send(JSON.parse('{"__proto__": 1}'))).asked).toEqual(["one"])
    const deep = JSON.parse(`{"a": ${"[".repeat(100)}${"]".repeat(100)}}`)
    expect((await send(deep)).asked).toEqual(["two"])
  })
})

describe("the contract of a server", () => {
  const few: JsonObject = { type: "object", properties: { n: { type: "integer", maximum: 5 } } }

  test("is held against a call before it goes there", async () => {
    const send = worldOf({ servers: [at("one")], contracts: { one: few } })
    expect(await send({ n: 6 })).toMatchObject({ asked: [], answer: "invalid_input" })
  })

  test("leaves a server out that is not asked first", async () => {
    const contracts = { two: few }
    const send = worldOf({ servers: all, contracts, answers: failing("unsent") })
    expect((await send({ n: 6 })).asked).toEqual(["one", "three"])
    expect((await send({ n: 1 })).asked).toEqual(["one", "two"])
    const lax = worldOf({ servers: all, contracts, answers: failing("unsent"), level: "warn" })
    expect((await lax({ n: 6 })).asked).toEqual(["one", "two"])
  })
})
