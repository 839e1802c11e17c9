import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { JsonObject } from "../../../src/schema/json.ts"
import { type BackendCall, openBackend } from "../../support/e2e-backend.ts"
import { type Sketch, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { type RegistrySketch, registryOf } from "../../support/e2e-registry.ts"
import { as } from "../../support/face-server.ts"
import { type Fate, make } from "./caller.ts"
import { FaultyLink } from "./faulty-link.ts"

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

export interface Caller {
  readonly agent: string
  readonly tool: string
}

/** Who calls what in every run. What is not in `depends` is called all the same: it must never arrive. */
const callers = [
  { agent: "a", tool: "victim" },
  { agent: "a", tool: "victim" },
  { agent: "b", tool: "steady" },
  { agent: "a", tool: "steady" },
  { agent: "b", tool: "victim" },
] as const satisfies readonly Caller[]
/** Those whose server has no trouble. */
export const callersOfSteady = callers.filter(({ tool }) => tool === "steady")
export const depends = { a: ["victim", "steady"], b: ["steady"] } as const

/** Between the calls of one caller. */
const pauseMs = 4

/** The fate of a call whose gateway was killed meanwhile. */
const killed = "killed"

/** The fate of a call on a connection that the gateway had closed rightly, since its callers stood still. */
const tooLate = "too late"
/** A little less than `limits.keepAliveTimeout`. */
const idleMs = 4_000

/** How a server answers; by default with the number it was asked for. */
/** Closes connections that are idle as soon as the gateway does, or they would count as held by it when all is over. */
const serverOf = (acts: Parameters<typeof openBackend>[0]) => openBackend(acts, 0, undefined, 5_000)

export type Answering = (call: BackendCall) => void
export const honest: Answering = (call) => call.text(JSON.stringify(call.arguments))

/** What plays a server. */
export interface Played extends AsyncDisposable {
  readonly port: number
  /** The gateway reaches it without the link: what it sends is too much to be carried by who measures. */
  readonly isDirect?: true
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
  /** Of the gateway for the victim's answers; otherwise two seconds. */
  readonly victimTimeout?: string
  /** Opens what plays the victim and tells with which arguments it was called; otherwise a server in this process. */
  readonly victim?: (arrived: (args: unknown) => void) => Promise<Played>
  /** How callers say who they are; otherwise by header. */
  readonly proof?: (agent: string, n: number) => Promise<Readonly<Record<string, string>>>
  /** Who calls what; otherwise {@link callers}. */
  readonly callers?: readonly Caller[]
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
  /** Refusals that the gateway can have no record of. */
  readonly unrecorded = new Set<Fate>([killed, tooLate])
  /** Processes of the gateway that have ended. */
  readonly past: TestGateway[] = []
  readonly #options: WorldOptions
  readonly #servers: readonly Played[]
  readonly #sketch: Sketch
  #gateway: TestGateway
  #phase: Phase = "before"
  #n = 0
  #isOver = false
  /** When the gateway was there again after it was last killed. */
  #backMs = Number.NEGATIVE_INFINITY
  #stoodStillMs = Number.NEGATIVE_INFINITY
  readonly #watching = this.#watch()
  #lanes: Promise<unknown> = Promise.resolve()

  static async open(options: WorldOptions = {}): Promise<World> {
    const { config = {}, env = {}, host = "127.0.0.1", sketch = {} } = options
    const { victimTimeout = "2s" } = options
    const holder: { world?: World } = {}
    const victim: Played = await (options.victim?.((args) =>
      holder.world?.arrive("victim", args),
    ) ??
      serverOf({
        victim(call) {
          holder.world?.arrive("victim", call.arguments)
          holder.world?.answering(call)
        },
      }))
    const steady = await serverOf({
      steady(call) {
        holder.world?.arrive("steady", call.arguments)
        honest(call)
      },
    })
    const link = await FaultyLink.open(victim.port)
    const whole = {
      registry: documentOf(options.beside),
      servers: {
        "victim:1.0.0": {
          url: `http://${host}:${victim.isDirect ? victim.port : link.port}/mcp`,
          timeout: victimTimeout,
        },
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
    this.#backMs = Number.POSITIVE_INFINITY
    this.#gateway.running.child.kill(signal)
    await this.#gateway.running.exited
    this.past.push(this.#gateway)
    this.#gateway = await startGateway(this.#sketch)
    this.#backMs = this.now()
  }

  /** What it means that a connection broke on a call that began then. */
  #whyLost(beganMs: number): Fate {
    if (this.#backMs > beganMs) return killed
    return this.#stoodStillMs > beganMs - idleMs ? tooLate : "lost"
  }

  /** Notes when this process was last left without a processor for so long that its connections were idle to the gateway. */
  #watch(): NodeJS.Timeout {
    let lastMs = this.now()
    return setInterval(() => {
      if (this.now() - lastMs > idleMs) this.#stoodStillMs = this.now()
      lastMs = this.now()
    }, 100).unref()
  }

  arrive(tool: string, args: unknown): void {
    const { agent, n } = args as { agent: string; n: number } // what the callers below send
    this.arrived.push({ tool, agent, n })
  }

  /** Callers begin, and calls count as made in this phase. */
  async phase(phase: Phase, ms: number): Promise<void> {
    this.#phase = phase
    const { callers: own = callers, crowd = 1 } = this.#options
    if (phase === "before")
      this.#lanes = Promise.all(
        Array.from({ length: crowd }, () => own)
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
      const proof = (await this.#options.proof?.(agent, n)) ?? as(`${agent}@1.0.0`)
      const came = await make(this.#gateway.url, { tool, args: { agent, n }, proof })
      const endMs = this.now()
      const fate = came === "lost" ? this.#whyLost(beganMs) : came
      this.made.push({ n, agent, tool, phase, fate, ms: endMs - beganMs, beganMs, endMs })
      await sleep(fate === "ok" || fate === "unknown tool" ? pauseMs : 10 * pauseMs)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    clearInterval(this.#watching)
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

const collecting = join(import.meta.dirname, "../../support/collect-child.ts")

export const isAllowed = (agent: string, tool: string): boolean =>
  (Object.entries(depends).find(([name]) => name === agent)?.[1] ?? []).some((own) => own === tool)
