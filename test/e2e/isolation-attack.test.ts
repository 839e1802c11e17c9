import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { startGateway } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { as, both, http, initialize, legacy, opened, post } from "../support/face-server.ts"
import { type Caller, LegacyCaller, ModernCaller, Spoils } from "../support/isolation-callers.ts"
import { serveSecrets } from "../support/isolation-server.ts"

/*
 * Two honest callers, each in both eras, work with two honest servers; meanwhile a thief who knows every id that they were
 * ever given, and servers that lie for him, do what they can to get at what is theirs or to slip something in. A third
 * caller trusts the liars, and still has the answers to its own calls.
 */

const child = fileURLToPath(import.meta.resolve("../support/isolation-child.ts"))
const kinds = ["tell", "form", "job", "touch"] as const
const honest = ["old", "new"] as const
const liars = ["oldliar", "newliar", "pipeliar"] as const
const rounds = 12
const tellsPerRound = 5

const seed = Number(process.env["SEED"] ?? (process.env["CI"] ? 20_261_129 : Date.now()))

/** mulberry32. */
function chance(from: number) {
  let state = from
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    one: <T>(of: readonly T[]): T => {
      const [found] = of.slice(Math.floor(next() * of.length))
      if (found === undefined) throw new Error("there is none to choose from")
      return found
    },
    below: (max: number) => Math.floor(next() * max),
  }
}

const toolsOf = (server: string, names: readonly string[]) =>
  names.map((name) => [`${server}_${name}`, { server, as: name }] as const)
const honestTools = honest.flatMap((server) => toolsOf(server, kinds))
const lyingTools = liars.flatMap((server) => toolsOf(server, ["tell", "lie"]))
const own = ["a", "b"].map(
  (agent) => [`secret-of-${agent}`, { server: "old", as: "tell" }] as const,
)
const named = (tools: readonly (readonly [string, unknown])[]) => tools.map(([name]) => name)

const names = ["a-legacy", "a-modern", "b-legacy", "b-modern", "thief"]
const uriOn = (server: string, name: string) => `mem://${server}/${name}`

async function openWorld() {
  const serving = (name: string, era: "legacy" | "modern") =>
    serveSecrets(
      era,
      names.map((one) => uriOn(name, one)),
    )
  const servers = {
    old: await serving("old", "legacy"),
    new: await serving("new", "modern"),
    oldliar: await serving("oldliar", "legacy"),
    newliar: await serving("newliar", "modern"),
  }
  const urls = Object.entries(servers).map(([name, { url }]) => [`${name}:1.0.0`, { url }] as const)
  const gateway = await startGateway({
    registry: {
      tools: Object.fromEntries([...honestTools, ...lyingTools, ...own]),
      agents: {
        a: [...named(honestTools), "secret-of-a"],
        b: [...named(honestTools), "secret-of-b"],
        c: named(lyingTools),
        thief: [...named(honestTools), ...named(lyingTools)],
      },
    },
    servers: {
      ...Object.fromEntries(urls),
      "pipeliar:1.0.0": { command: process.execPath, args: [child] },
    },
    config: { limits: { listPage: 4 } },
  })
  return { gateway, servers }
}

/** All that one honest caller does: everything at once, with ids and tokens that the others use, too. */
async function work(caller: Caller, spoils: Spoils) {
  const uris = honest.map((server) => uriOn(server, caller.name))
  spoils.uris.push(...uris)
  await caller.open(uris)
  for (let round = 0; round < rounds; round++) {
    const secret = (what: string) => `secret-of-${caller.name}-${what}-${round}`
    const calls = honest.flatMap((server) => [
      ...Array.from({ length: tellsPerRound }, (_, n) =>
        caller.tell(`${server}_tell`, secret(`tell${server}${n}`), round * 100 + n),
      ),
      caller.form(`${server}_form`, secret(`form${server}`), round * 100 + 50),
      caller.job(`${server}_job`, secret(`job${server}`), round * 100 + 60),
      caller.touch(
        `${server}_touch`,
        uriOn(server, caller.name),
        secret(`touch${server}`),
        round * 100 + 70,
      ),
    ])
    await Promise.all(calls)
  }
}

/** One who calls the liars: they may say to it what they like, but it has the answers to its own calls. */
async function trust(caller: Caller) {
  await caller.open([])
  for (let n = 0; n < rounds; n++)
    await Promise.all(
      liars
        .filter((server) => server !== "pipeliar") // what comes over a shared pipe, its server alone decides
        .map((server) => caller.tell(`${server}_tell`, `secret-of-${caller.name}-${n}`, n)),
    )
}

/** One who steals. Every attack says what may come of it at most. */
class Thief {
  readonly heard: string[] = []
  readonly done = new Map<string, number>()
  readonly #port: number
  readonly #spoils: Spoils
  readonly #chance = chance(seed)
  readonly #asLegacy: LegacyCaller
  readonly #asModern: ModernCaller
  /** A session without a call: what is said there is never about one of the thief's own. */
  #idle: Record<string, string> = {}
  #poisons = 0

  constructor(port: number, spoils: Spoils) {
    this.#port = port
    this.#spoils = spoils
    this.#asLegacy = new LegacyCaller(port, "thief", new Spoils())
    this.#asModern = new ModernCaller(port, "thief", new Spoils())
  }

  async open(): Promise<void> {
    const uris = ["old", "oldliar", "newliar"].map((server) => uriOn(server, "thief"))
    await this.#asLegacy.open(uris)
    await this.#asModern.open(uris)
    const idle = new LegacyCaller(this.#port, "thief", new Spoils())
    await idle.open([])
    await idle.form("old_form", "loot", 1) // from now on it has questions of its own
    this.#idle = idle.headers
  }

  get everything(): string {
    return [...this.heard, ...this.#asLegacy.heard, ...this.#asModern.heard].join("\n")
  }

  async attack(): Promise<void> {
    const name = this.#chance.one(Object.keys(this.#attacks))
    await this.#attacks[name]?.()
    this.done.set(name, (this.done.get(name) ?? 0) + 1)
  }

  /** In the session of another: as if it were not there. */
  async #inSession(session: string, request: object): Promise<void> {
    const headers = { ...as("thief@1.0.0"), "mcp-session-id": session }
    const { status, text } = await post(this.#port, request, headers)
    this.heard.push(text)
    expect({ status, request }).toEqual({ status: 404, request })
  }

  /** What is still under way, rather than what is over. */
  #fresh<T>(of: readonly T[]): T {
    return this.#chance.one(of.slice(-4))
  }

  /** In the thief's own session: taken, and it means nothing. */
  async #asOwn(message: object): Promise<void> {
    const { status, text } = await post(this.#port, message, this.#idle)
    this.heard.push(text)
    expect(status).toBe(202)
  }

  async #refusedTask(answer: Promise<unknown>): Promise<void> {
    expect(await answer).toMatchObject({ error: { code: -32602 } })
  }

  #spliced(): string {
    const one = this.#chance.one(this.#spoils.sessions)
    const { "mcp-session-id": other = "" } = this.#asLegacy.headers
    const at = this.#chance.below(one.length)
    const ways = [
      one.slice(0, at),
      one.slice(0, at) + other.slice(at),
      other.slice(0, at) + one.slice(at),
      `${one.slice(0, at)}${one[at] === "A" ? "B" : "A"}${one.slice(at + 1)}`,
      `${one}A`,
      "x".repeat(at),
      "",
    ]
    const made = this.#chance.one(ways) || "-"
    return made === other ? "-" : made
  }

  readonly #attacks: Record<string, () => Promise<void>> = {
    "asks in another's session": () => {
      const requests = [
        legacy("tools/call", { name: "old_tell", arguments: { secret: "poison" } }),
        legacy("tools/list"),
        legacy("ping"),
        legacy("resources/subscribe", { uri: "mem://old/a-legacy" }),
        legacy("logging/setLevel", { level: "emergency" }),
        legacy("tasks/result", { taskId: this.#chance.one(this.#spoils.tasks) }),
        { jsonrpc: "2.0", method: "notifications/cancelled", params: this.#cancelled() },
        { jsonrpc: "2.0", id: this.#chance.one(this.#spoils.questions), result: poisoned },
      ]
      return this.#inSession(this.#chance.one(this.#spoils.sessions), this.#chance.one(requests))
    },
    "reads or ends another's session": async () => {
      const method = this.#chance.one(["GET", "DELETE"])
      const session = this.#chance.one(this.#spoils.sessions)
      const headers = {
        ...as("thief@1.0.0"),
        accept: both,
        "mcp-session-id": session,
        "last-event-id": this.#chance.one(this.#spoils.events),
      }
      const { status, text } = await http(this.#port, { method, headers })
      this.heard.push(text)
      expect(status).toBe(404)
    },
    "cuts, swaps and guesses session ids": () =>
      this.#inSession(this.#spliced(), legacy("tools/list")),
    "initializes with another's session id": async () => {
      const session = this.#chance.one(this.#spoils.sessions)
      const headers = { ...as("thief@1.0.0"), "mcp-session-id": session }
      const answer = await post(this.#port, initialize(), headers)
      this.heard.push(answer.text)
      expect(answer.headers["mcp-session-id"]).not.toBe(session)
    },
    "takes up another's stream in a session of his own": async () => {
      const last = this.#chance.one(this.#spoils.events)
      const headers = { ...this.#asLegacy.headers, accept: both, "last-event-id": last }
      const incoming = await opened(this.#port, { method: "GET", headers })
      incoming.on("error", () => undefined)
      incoming.setEncoding("utf8").on("data", (text: string) => this.heard.push(text))
      await new Promise((resolve) => setImmediate(resolve))
      incoming.destroy()
    },
    "answers another's question": () =>
      this.#asOwn({
        jsonrpc: "2.0",
        id: this.#fresh(this.#spoils.questions),
        result: poisoned,
      }),
    "cancels another's request": () =>
      this.#asOwn({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: this.#cancelled(),
      }),
    "says another's progress": () =>
      this.#asOwn({
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { progressToken: this.#fresh(this.#spoils.questions), progress: 1 },
      }),
    "comes back with another's state": async () => {
      const { params, state } = this.#fresh(this.#spoils.states)
      const cut = this.#chance.below(state.length)
      const states = [state, state.slice(0, cut), `${state.slice(cut)}${state.slice(0, cut)}`]
      const requestState = this.#chance.one(states)
      const answer = await this.#asModern.say("tools/call", { ...params, requestState })
      expect(answer).toMatchObject({ error: { code: -32602 } })
    },
    "asks for another's task": async () => {
      const taskId = this.#fresh(this.#spoils.tasks)
      const old = this.#chance.one(["tasks/get", "tasks/result", "tasks/cancel"])
      await this.#refusedTask(this.#asLegacy.say(old, { taskId }))
      const now = this.#chance.one(["tasks/get", "tasks/update", "tasks/cancel"])
      await this.#refusedTask(this.#asModern.say(now, { taskId, inputResponses: {} }))
      await this.#refusedTask(this.#asModern.say(now, { taskId: "task-1", inputResponses: {} }))
    },
    "turns another's page": async () => {
      const cursor = this.#chance.one(this.#spoils.cursors)
      await this.#asLegacy.say("tools/list", { cursor })
      await this.#asModern.say("tools/list", { cursor })
    },
    "calls with another's ids and tokens": async () => {
      const id = Number(this.#chance.one(this.#spoils.ids))
      const tool = `${this.#chance.one(honest)}_tell`
      const caller = this.#chance.one([this.#asLegacy, this.#asModern])
      await caller.tell(tool, `loot-${this.#poisons++}`, id)
    },
    "has a server lie": async () => {
      const { ids, questions, tokens, uris, tasks } = this.#spoils
      const pick = <T>(of: readonly T[]) => [this.#chance.one(of), this.#chance.one(of)]
      const about = {
        ...{ ids: [...pick(ids), ...pick(questions)], tokens: pick(tokens), uris },
        ...{ tasks: pick(tasks), isRude: this.#chance.below(3) === 0 },
      }
      const name = `${this.#chance.one(liars)}_lie`
      const secret = `poison-${this.#poisons++}`
      const params = { name, arguments: { secret, about }, _meta: { progressToken: ids[0] ?? 1 } }
      const caller = this.#chance.one([this.#asLegacy, this.#asModern])
      const answer = await caller.say("tools/call", params, ids[0] ?? 1)
      expect(answer).toHaveProperty("id")
    },
  }

  readonly #cancelled = () => ({ requestId: this.#fresh(this.#spoils.ids) })
}

const poisoned = { action: "accept", content: { by: "poison" } }

test("nothing of one caller reaches another, whatever thieves and lying servers try", {
  timeout: 120_000, // a busy machine takes its time
}, async () => {
  await attack().catch((cause: unknown) => {
    throw new Error(`SEED=${seed} does this again`, { cause })
  })
})

async function attack() {
  const { gateway, servers } = await openWorld()
  await using _ = gateway
  const spoils = new Spoils()
  const both = (agent: string) => [
    new LegacyCaller(gateway.port, agent, spoils),
    new ModernCaller(gateway.port, agent, spoils),
  ]
  const callers = [...both("a"), ...both("b")]
  const trusting = both("c")
  const thief = new Thief(gateway.port, spoils)
  await thief.open()
  let isOver = false
  const working = Promise.all([
    ...callers.map((caller) => work(caller, spoils)),
    ...trusting.map(trust),
  ]).finally(() => {
    isOver = true
  })
  const steal = async () => {
    await becomes(() => spoils.isComplete, "something of every kind to steal")
    for (let n = 0; n < 100 || !isOver; n++) await thief.attack()
  }
  await Promise.all([working, ...Array.from({ length: 4 }, steal)])

  expect(thief.everything).not.toMatch(/secret-of/)
  for (const caller of [...callers, ...trusting]) {
    const heard = caller.heard.join("")
    const others = callers.filter((one) => one !== caller).map(({ name }) => name)
    for (const other of others) expect(heard).not.toContain(`secret-of-${other}`)
    expect(heard).not.toMatch(trusting.includes(caller) ? /loot/ : /poison|loot|secret-of-c/)
  }
  expect([servers.old.wrongs, servers.new.wrongs]).toEqual([[], []])
  const status = await gateway.status()
  const strays = (status["servers"] as { server: { name: string }; strays: number }[])
    .filter(({ server }) => honest.some((name) => name === server.name))
    .map((one) => one.strays)
  expect(strays).toEqual([0, 0])
  expect([...thief.done.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(400)
}
