import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { type BackendCall, openBackend } from "../../support/e2e-backend.ts"
import {
  refusalOf,
  type Sketch,
  startGateway,
  type TestGateway,
} from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { type RegistrySketch, registryOf } from "../../support/e2e-registry.ts"
import { as, both, modern } from "../../support/face-server.ts"
import { FaultyLink } from "./faulty-link.ts"

/** What came of one call: `ok`, a refusal's code, `unknown tool`, `lost` (the connection broke), `hung`, or `wrong: …` (another's answer). */
export type Fate = string

export type Phase = "before" | "during" | "after"

export interface Made {
  readonly n: number
  readonly agent: string
  readonly tool: string
  readonly phase: Phase
  readonly ms: number
  /** When it began and ended, by the clock of the run. */
  readonly beganMs: number
  readonly endMs: number
  readonly fate: Fate
}

/** Who calls what in every run. What is not in `depends` is called all the same: it must never arrive. */
const callers = [
  { agent: "a", tool: "victim" },
  { agent: "a", tool: "victim" },
  { agent: "b", tool: "steady" },
  { agent: "a", tool: "steady" },
  { agent: "b", tool: "victim" },
] as const
export const depends = { a: ["victim", "steady"], b: ["steady"] } as const

/** The fate of a request that was turned away without `Retry-After`. */
export const abrupt = "turned away for nobody knows how long"

/** A call without an answer after this long hangs: more than every limit of the gateway. */
const patienceMs = 20_000
/** Between the calls of one caller. */
const pauseMs = 4

/** How a server answers; by default with the number it was asked for. */
export type Answering = (call: BackendCall) => void
export const honest: Answering = (call) => call.text(JSON.stringify(call.arguments))

/** What plays a server. */
export interface Played extends AsyncDisposable {
  readonly port: number
}

/** What stands in the registry and the configuration beside the two servers and their callers. */
export interface Beside extends RegistrySketch {
  readonly servers: JsonObject
  /** Tools with a `spec`, as a registry document has them. */
  readonly compositions?: readonly JsonObject[]
}

export interface WorldOptions {
  readonly beside?: Beside
  /** The name by which the gateway knows the victim's machine; otherwise its address. */
  readonly host?: string
  /** Opens what plays the victim and tells with which arguments it was called; otherwise a server in this process. */
  readonly victim?: (arrived: (args: unknown) => void) => Promise<Played>
  /** How callers say who they are; otherwise by header. */
  readonly proof?: (agent: string, n: number) => Promise<Readonly<Record<string, string>>>
  /** How many callers there are of each sort; otherwise one. */
  readonly crowd?: number
  /** Further sections of the gateway's configuration. */
  readonly config?: JsonObject
  readonly env?: Readonly<Record<string, string>>
  readonly sketch?: Partial<Sketch>
}

/**
 * A gateway process, a server that suffers (`victim`, behind a link that can be made faulty) and one that does not (`steady`),
 * and callers that never rest. All that is made and all that arrives is written down, to be judged when it is over.
 */
export class World implements AsyncDisposable {
  readonly made: Made[] = []
  /** What reached the servers. */
  readonly arrived: { readonly tool: string; readonly agent: string; readonly n: number }[] = []
  readonly link: FaultyLink
  readonly startedMs = performance.now()
  /** How the victim answers from now on. */
  answering: Answering = honest
  /** Fates that a call may have besides an answer and a refusal: `lost` where the gateway or its clients are killed. */
  readonly mayBe = new Set<Fate>()
  /** Processes of the gateway that have ended. */
  readonly past: TestGateway[] = []
  readonly #options: WorldOptions
  readonly #servers: readonly Played[]
  readonly #sketch: Sketch
  #gateway: TestGateway
  #phase: Phase = "before"
  #n = 0
  #isOver = false
  #lanes: Promise<unknown> = Promise.resolve()

  static async open(options: WorldOptions = {}): Promise<World> {
    const { config = {}, env = {}, host = "127.0.0.1", sketch = {} } = options
    const holder: { world?: World } = {}
    const victim = await (options.victim?.((args) => holder.world?.arrive("victim", args)) ??
      openBackend({
        victim(call) {
          holder.world?.arrive("victim", call.arguments)
          holder.world?.answering(call)
        },
      }))
    const steady = await openBackend({
      steady(call) {
        holder.world?.arrive("steady", call.arguments)
        honest(call)
      },
    })
    const link = await FaultyLink.open(victim.port)
    const whole = {
      registry: documentOf(options.beside),
      servers: {
        "victim:1.0.0": { url: `http://${host}:${link.port}/mcp`, timeout: "2s" },
        "steady:1.0.0": { url: steady.url, timeout: "2s" },
        ...options.beside?.servers,
      },
      config: { limits: { backendRetryWait: "300ms" }, ...config },
      env: { ...env, NODE_OPTIONS: `--import=${collecting} ${env["NODE_OPTIONS"] ?? ""}` },
      folder: mkdtempSync(join(tmpdir(), "postern-fault-")),
      ...sketch,
    }
    const world = new World(options, whole, await startGateway(whole), link, [victim, steady])
    holder.world = world
    return world
  }

  private constructor(
    options: WorldOptions,
    sketch: Sketch,
    gateway: TestGateway,
    link: FaultyLink,
    servers: readonly Played[],
  ) {
    this.#options = options
    this.#sketch = sketch
    this.#gateway = gateway
    this.link = link
    this.#servers = servers
  }

  /** The process that runs now. */
  get gateway(): TestGateway {
    return this.#gateway
  }

  /** Kills the gateway and starts another on what it left; calls under way are lost. */
  async restart(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.mayBe.add("lost")
    this.#gateway.running.child.kill(signal)
    await this.#gateway.running.exited
    this.past.push(this.#gateway)
    this.#gateway = await startGateway(this.#sketch)
  }

  arrive(tool: string, args: unknown): void {
    const { agent, n } = args as { agent: string; n: number } // what the callers below send
    this.arrived.push({ tool, agent, n })
  }

  /** Callers begin, and calls count as made in this phase. */
  async phase(phase: Phase, ms: number): Promise<void> {
    this.#phase = phase
    if (phase === "before")
      this.#lanes = Promise.all(
        Array.from({ length: this.#options.crowd ?? 1 }, () => callers)
          .flat()
          .map(({ agent, tool }) => this.#lane(agent, tool)),
      )
    await sleep(ms)
  }

  /** Callers rest; what is under way is waited for. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.#lanes
  }

  /** How long after `fromMs` the victim answers again as it did: the time of the first of ten good answers without a bad one between. */
  recoveryMs(fromMs: number): number | undefined {
    const later = this.made
      .filter(({ agent, endMs, tool }) => agent === "a" && tool === "victim" && endMs >= fromMs)
      .sort((x, y) => x.endMs - y.endMs)
    const first = later.findLastIndex(({ fate }) => fate !== "ok") + 1
    const good = later.slice(first)
    return good.length < 10 || good[0] === undefined ? undefined : good[0].endMs - fromMs
  }

  now(): number {
    return performance.now() - this.startedMs
  }

  async #lane(agent: string, tool: string): Promise<void> {
    while (!this.#isOver) {
      const n = this.#n++
      const phase = this.#phase
      const beganMs = this.now()
      const fate = await this.call(agent, tool, n)
      const endMs = this.now()
      this.made.push({ n, agent, tool, phase, fate, ms: endMs - beganMs, beganMs, endMs })
      await sleep(fate === "ok" || fate === "unknown tool" ? pauseMs : 10 * pauseMs)
    }
  }

  async call(agent: string, tool: string, n: number): Promise<Fate> {
    const args = { agent, n }
    const { message, headers } = modern("tools/call", { name: tool, arguments: args }, n)
    const proof = (await this.#options.proof?.(agent, n)) ?? as(`${agent}@1.0.0`)
    const signal = AbortSignal.timeout(patienceMs)
    try {
      const response = await fetch(this.#gateway.url, {
        method: "POST",
        headers: {
          ...proof,
          ...headers,
          "content-type": "application/json",
          accept: both,
        },
        body: JSON.stringify(message),
        signal,
      })
      if ([429, 503].includes(response.status) && !response.headers.has("retry-after"))
        return abrupt
      return fateOf(JSON.parse(await response.text()), n, args)
    } catch (error) {
      if (signal.aborted) return "hung"
      if (error instanceof TypeError) return "lost" // what fetch throws
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    await this.#gateway[Symbol.asyncDispose]()
    await this.link[Symbol.asyncDispose]()
    for (const server of this.#servers) await server[Symbol.asyncDispose]()
    rmSync(this.#gateway.folder, { recursive: true, force: true })
  }
}

/** The registry of a run. */
function documentOf(beside: Beside | undefined): string {
  const { tools, ...document } = registryOf({
    tools: { victim: "victim", steady: "steady", ...beside?.tools },
    agents: { ...depends, ...beside?.agents },
  })
  return JSON.stringify({
    ...document,
    tools: [...(Array.isArray(tools) ? tools : []), ...(beside?.compositions ?? [])],
  })
}

function fateOf(answer: JsonObject, n: number, args: JsonObject): Fate {
  if (isTurnedAway(answer)) return "overloaded"
  if (answer["id"] !== n) return `wrong: answer ${JSON.stringify(answer["id"])} to ${n}`
  const { error, result } = answer
  const refusal = refusalOf(isObject(result) ? result : answer)
  if (refusal !== undefined) return String(refusal)
  if (isObject(error))
    return String(error["message"]).startsWith("Unknown tool") ? "unknown tool" : "an error"
  const text = JSON.stringify(result)
  return text.includes(JSON.stringify(JSON.stringify(args))) ? "ok" : `wrong: ${text}`
}

/** A request that was turned away unread has no id that its answer could carry. */
const isTurnedAway = (answer: JsonObject): boolean =>
  (answer["id"] ?? null) === null && refusalOf(answer) === "overloaded"

const collecting = join(import.meta.dirname, "../../support/collect-child.ts")

export interface Usage {
  /** Bytes of the heap, and of what is outside for it, when all garbage is collected. */
  readonly heldBytes: number
  readonly residentBytes: number
  /** Open descriptors. */
  readonly handles: number
}

/** What a gateway's process takes, as it says itself and as Linux counts it. */
export async function usageOf(gateway: TestGateway): Promise<Usage> {
  const { child, pid } = gateway.running
  const told = () => gateway.log().filter(({ event }) => event === "held")
  const before = told().length
  child.kill("SIGUSR2")
  await becomes(() => told().length > before, "garbage collected")
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return {
    heldBytes: Number(told().at(-1)?.["bytes"]),
    residentBytes: 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]),
    handles: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/** Processor time that a process has used, as Linux counts it: in hundredths of a second. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export const isAllowed = (agent: string, tool: string): boolean =>
  (Object.entries(depends).find(([name]) => name === agent)?.[1] ?? []).some((own) => own === tool)
