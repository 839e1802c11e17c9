import type { Levels, Withheld } from "../../call/gateway.ts"
import type { ServerRules } from "../../call/server-rules.ts"
import type { ToolGuard } from "../../mcp/backend/guard.ts"
import type { Sighting } from "../../mcp/backend/sighting.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { type Ref, refKey } from "../../registry/model.ts"
import {
  type Compared,
  judgeServer,
  type ServerFindings,
} from "../../registry/pins/judge-server.ts"
import { emptyLock, type Lock, serverPin } from "../../registry/pins/lock.ts"
import type { PinOptions } from "../../registry/pins/pin-tool.ts"
import { type Wanted, wantedOf } from "../../registry/pins/wanted.ts"
import { inSlices } from "../slices.ts"
import { saidIn } from "./server-words.ts"
import { isToldOf, type Standing, standingOf } from "./standing.ts"

/** The standing of a tool, or of a server's own words, has changed. */
export interface StandingChange {
  readonly server: Ref
  /** The server's own name of the tool; undefined where it is what the server says of itself. */
  readonly tool: string | undefined
  /** The registry's tools behind it. */
  readonly registered: readonly Ref[]
  readonly before: Standing | undefined
  readonly after: Standing
}

export interface PinsOptions {
  /** As they are configured. */
  readonly levels: Levels
  readonly pinning: PinOptions
  /** How long the comparing may work before waiting calls get their turn. */
  readonly sliceMs: number
  /** Once for each change that somebody should know of. */
  readonly changed: (change: StandingChange) => void
  /** Other tools are withheld than before. */
  readonly withheldChanged: () => void
  readonly bug: (error: unknown) => void
}

/** A server when it was last looked at. */
type Seen = Pick<Compared, "listed" | "words" | "isPartial">

/** What came of it. */
export interface Judged {
  readonly server: Ref
  /** By the server's own names. */
  readonly tools: ReadonlyMap<string, Standing>
  /** What the server says of itself. */
  readonly words: Standing | undefined
  readonly strangers: number
}

/**
 * Compares what the servers say with what was pinned of it. Servers are judged when they were looked at and when the
 * lock or the registry changes, one at a time and in slices; a call costs one look into a map, and not even that while
 * all is well.
 */
export class Pins implements ToolGuard, Withheld {
  readonly looksFirst: boolean
  readonly #options: PinsOptions
  #lock = emptyLock
  #wanted: ReadonlyMap<string, Wanted> = new Map()
  readonly #seen = new Map<string, Seen>()
  readonly #judged = new Map<string, Judged>()
  /** By server: why it could not be looked at since it was last connected. */
  readonly #unseen = new Map<string, string>()
  /** By server, the names of its pinned tools, and of its withheld ones with the reason. */
  #pinned: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  readonly #withheld = new Map<string, ReadonlyMap<string, string>>()
  /** To be judged, with those who wait for that. */
  readonly #due = new Map<string, (() => void)[]>()
  #isWorking = false
  #underWay: string | undefined
  readonly #closed = new AbortController()
  /** Another object whenever other tools are withheld, so that it can serve as the key of a cache. */
  levels: Levels

  constructor(options: PinsOptions) {
    this.#options = options
    this.levels = options.levels
    this.looksFirst = options.levels.definitionDrift === "deny"
  }

  /** Sets what has been approved. Resolves when everything seen so far has been judged by it. */
  async use(lock: Lock): Promise<void> {
    this.#lock = lock
    this.#pinned = new Map(
      lock.servers.map(({ server, tools }) => [
        refKey(server.name, server.version),
        new Set(tools.map(({ name }) => name)),
      ]),
    )
    await this.#judgeAll()
  }

  /** From now on this is what callers may come to see. */
  async accept(catalog: Catalog, rules: ServerRules): Promise<void> {
    this.#wanted = wantedOf(catalog, rules.exposed)
    for (const key of this.#judged.keys()) if (!this.#wanted.has(key)) this.#forget(key)
    await this.#judgeAll()
  }

  #forget(key: string): void {
    this.#seen.delete(key)
    this.#judged.delete(key)
    this.#withholdNo(key)
  }

  /** The servers that have pins, and that the registry has. */
  get servers(): readonly Ref[] {
    return this.#lock.servers.flatMap(({ server, tools }) =>
      tools.length > 0 && this.#wanted.has(refKey(server.name, server.version)) ? [server] : [],
    )
  }

  async observe({ name, version }: Ref, sighting: Sighting): Promise<void> {
    if (sighting.kind === "failure") return // the last that was seen of it stands
    const key = refKey(name, version)
    this.#unseen.delete(key)
    this.#seen.set(key, {
      listed: sighting.tools.map(({ definition }) => definition),
      words: sighting.greeting && saidIn(sighting.greeting),
      isPartial: sighting.isOfCaller === true,
    })
    await this.#judge(key)
  }

  unseen({ name, version }: Ref, reason: string): void {
    this.#unseen.set(refKey(name, version), reason)
  }

  isPinned({ name, version }: Ref, tool: string): boolean {
    return this.#pinned.get(refKey(name, version))?.has(tool) === true
  }

  reason({ name, version }: { name: string; version?: string | undefined }, tool: string) {
    return this.#withheld.get(refKey(name, version))?.get(tool)
  }

  withheld(server: Ref, tool: string): string | undefined {
    if (this.#isWorking && this.#isYetToBeJudged(refKey(server.name, server.version), tool))
      return "it has not been judged yet"
    if (this.#withheld.size === 0 && this.#unseen.size === 0) return
    const unseen = this.#unseen.get(refKey(server.name, server.version))
    if (unseen === undefined || !this.isPinned(server, tool)) return this.reason(server, tool)
    return `its server's tools could not be looked at: ${unseen}`
  }

  /** A tool that came with another registry or lock, of a server that was looked at before. */
  #isYetToBeJudged(key: string, tool: string): boolean {
    const isDue = this.#due.has(key) || this.#underWay === key
    return isDue && this.#seen.has(key) && this.#judged.get(key)?.tools.has(tool) !== true
  }

  /** In the order in which servers were first looked at. */
  get judged(): Iterable<Judged> {
    return this.#judged.values()
  }

  close(): void {
    this.#closed.abort()
  }

  #judgeAll(): Promise<unknown> {
    return Promise.all([...this.#seen.keys()].map((key) => this.#judge(key)))
  }

  #judge(key: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#due.set(key, [...(this.#due.get(key) ?? []), resolve])
    void this.#work()
    return promise
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    let sinceMs = performance.now()
    for (const [key, waiting] of this.#due) {
      this.#due.delete(key)
      this.#underWay = key
      await this.#attempt(key)
      this.#underWay = undefined
      for (const done of waiting) done()
      if (performance.now() - sinceMs < this.#options.sliceMs) continue
      await new Promise<void>((resume) => setImmediate(resume)) // many small servers are as much as a large one
      sinceMs = performance.now()
    }
    this.#isWorking = false
  }

  async #attempt(key: string): Promise<void> {
    const { pinning, sliceMs, bug } = this.#options
    const seen = this.#seen.get(key)
    const wanted = this.#wanted.get(key)
    if (seen === undefined || wanted === undefined) return
    const compared = { ...seen, wanted, pin: serverPin(this.#lock, wanted.server) }
    try {
      const { signal } = this.#closed
      const findings = await inSlices(judgeServer(compared, pinning), { sliceMs, signal })
      this.#take(key, wanted, findings)
    } catch (error) {
      if (this.#closed.signal.aborted) return
      this.#unseen.set(key, "they could not be judged") // what nobody has judged is not let through
      bug(error)
    }
  }

  #take(key: string, wanted: Wanted, { tools, words, strangers }: ServerFindings): void {
    if (!this.#wanted.has(key)) return // it was taken out of the registry meanwhile
    const { definitionDrift } = this.#options.levels
    const judged: Judged = {
      server: wanted.server,
      tools: new Map([...tools].map(([name, one]) => [name, standingOf(one, definitionDrift)])),
      words:
        words &&
        standingOf({ state: "pinned", approval: undefined, drift: words }, definitionDrift),
      strangers,
    }
    const before = this.#judged.get(key)
    this.#judged.set(key, judged)
    this.#withhold(key, judged)
    this.#tell(wanted, before, judged)
  }

  #tell({ server, tools }: Wanted, before: Judged | undefined, judged: Judged): void {
    for (const [tool, after] of judged.tools) {
      const registered = tools.get(tool) ?? []
      this.#tellOf({ server, tool, registered, before: before?.tools.get(tool), after })
    }
    const after = judged.words ?? asPinned
    this.#tellOf({ server, tool: undefined, registered: [], before: before?.words, after })
  }

  #tellOf(change: StandingChange): void {
    if (isToldOf(change.before, change.after)) this.#options.changed(change)
  }

  #withhold(key: string, { tools }: Judged): void {
    const reasons = [...tools].flatMap(([name, { state, drift }]) =>
      state === "withheld"
        ? [[name, `not as it was pinned: ${drift?.kinds.join(", ")}`] as const]
        : [],
    )
    const known = this.#withheld.get(key)
    const isSame =
      reasons.length === (known?.size ?? 0) &&
      reasons.every(([name, reason]) => known?.get(name) === reason)
    if (isSame) return
    if (reasons.length === 0) this.#withholdNo(key)
    else {
      this.#withheld.set(key, new Map(reasons))
      this.#renewLevels()
    }
  }

  #withholdNo(key: string): void {
    if (this.#withheld.delete(key)) this.#renewLevels()
  }

  #renewLevels(): void {
    const { levels, withheldChanged } = this.#options
    this.levels = this.#withheld.size === 0 ? { ...levels } : { ...levels, withheld: this }
    withheldChanged()
  }
}

/** How a server's own words stand where there is nothing to say against them. */
const asPinned: Standing = standingOf(
  { state: "pinned", approval: undefined, drift: undefined },
  "warn",
)
