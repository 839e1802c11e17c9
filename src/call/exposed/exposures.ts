import type { Catalog, CatalogAgent, CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { type Ref, refKey, written } from "../../registry/model.ts"
import type { Backends, Listed } from "../backends.ts"
import { isExposedTo, plainRules, type ServerRules } from "../server-rules.ts"
import { exposedCatalog } from "./exposed-catalog.ts"
import { exposedTools } from "./exposed-tools.ts"
import { KnownList, type Looking } from "./known-list.ts"
import { Paced } from "./paced.ts"

/** The tools that nobody registered and that configuration carries to some callers, as their servers list them. */
export interface Exposures {
  /** The registered catalog with the exposed tools that are known; the same object while neither changes. */
  over(base: Catalog): Catalog
  /**
   * The same after asking the servers that expose tools to this agent: a short while, and then with what was last known.
   * Undefined where there is no such server.
   */
  learn(base: Catalog, agent: CatalogAgent | undefined): Promise<Catalog> | undefined
  /** A server says that its tools changed, or what it lists was read. */
  changed(server: Ref): void
  /** From now on these rules hold, with this catalog. */
  accept(base: Catalog, rules: ServerRules): void
  rules(catalog: Catalog): ServerRules
}

export interface ExposureEvents {
  /** Some caller may see other tools than before. */
  changed(): void
  /** A tool is left out, and why. Told once, until something changes. */
  left(server: Ref, tool: string, why: string): void
}

/** How many tools that are left out are told of; a server can list 10,000. */
const toldMax = 1_000

interface Overlay {
  readonly rules: ServerRules
  readonly catalog: Catalog
}

/** The tools of one server, and of what they were made. */
interface Made {
  readonly base: Catalog
  readonly listed: Listed
  readonly prefix: string | undefined
  readonly tools: readonly CatalogTool[]
}

export const createExposures = (
  backends: Pick<Backends, "list">,
  looking: Looking,
  events: ExposureEvents,
): Exposures => new LiveExposures(backends, looking, events)

class LiveExposures implements Exposures {
  readonly #backends: Pick<Backends, "list">
  readonly #looking: Looking
  readonly #events: ExposureEvents
  /** By the registered catalog, and by the one that was made of it. */
  readonly #overlays = new WeakMap<Catalog, Overlay>()
  /** What each server listed last, by `refKey`: it outlives a reload. */
  readonly #known = new Map<string, KnownList>()
  /** A server may say a thousand times a second that its tools changed: when it is asked, by `refKey`. */
  readonly #paces = new Map<string, Paced>()
  readonly #made = new WeakMap<CatalogServer, Made>()
  readonly #told = new Set<string>()
  #current: Catalog | undefined

  constructor(backends: Pick<Backends, "list">, looking: Looking, events: ExposureEvents) {
    this.#backends = backends
    this.#looking = looking
    this.#events = events
  }

  over(base: Catalog): Catalog {
    return this.#overlays.get(base)?.catalog ?? base
  }

  rules(catalog: Catalog): ServerRules {
    return this.#overlays.get(catalog)?.rules ?? plainRules
  }

  accept(base: Catalog, rules: ServerRules): void {
    this.#current = base
    this.#told.clear()
    this.#build(base, rules)
  }

  learn(base: Catalog, agent: CatalogAgent | undefined): Promise<Catalog> | undefined {
    const rules = this.rules(base)
    const asked = rules.exposed.filter((server) => {
      const { expose } = rules.of(server)
      return expose !== undefined && isExposedTo(expose, agent)
    })
    return asked.length === 0 ? undefined : this.#refresh(asked).then(() => this.over(base))
  }

  changed({ name, version }: Ref): void {
    const key = refKey(name, version)
    if (this.#exposed(key) === undefined) return
    const pace = this.#paces.get(key) ?? new Paced(this.#looking.intervalMs, () => this.#look(key))
    this.#paces.set(key, pace)
    pace.want()
  }

  #look(key: string): void {
    const server = this.#exposed(key)
    if (server !== undefined) void this.#refresh([server])
  }

  #exposed(key: string): CatalogServer | undefined {
    const current = this.#current
    return current && this.rules(current).exposed.find((one) => keyOf(one) === key)
  }

  async #refresh(servers: readonly CatalogServer[]): Promise<void> {
    await Promise.all(servers.map((server) => this.#ask(server)))
  }

  /** News are in the catalog before anybody is told that the server was asked. */
  async #ask(server: CatalogServer): Promise<void> {
    const listed = await this.#backends.list(server, "tools", "fresh")
    if (!listed.isKnown) return
    const key = keyOf(server)
    const known = this.#known.get(key) ?? new KnownList(this.#looking, () => this.#rebuild())
    this.#known.set(key, known)
    await known.take(listed)
  }

  #rebuild(): void {
    if (this.#current === undefined) return
    this.#build(this.#current, this.rules(this.#current))
    this.#events.changed()
  }

  #build(base: Catalog, rules: ServerRules): void {
    const tools = new Map<CatalogServer, readonly CatalogTool[]>()
    for (const server of rules.exposed) {
      const listed = this.#known.get(keyOf(server))?.listed
      const prefix = rules.of(server).expose?.prefix
      if (listed !== undefined) tools.set(server, this.#toolsOf(server, { base, listed, prefix }))
    }
    const clashed = (name: string, servers: readonly CatalogServer[]) => {
      for (const server of servers) this.#leave(server, name, clashWords(server, servers))
    }
    const catalog = tools.size === 0 ? base : exposedCatalog(base, rules, tools, clashed)
    this.#overlays.set(base, { rules, catalog })
    this.#overlays.set(catalog, { rules, catalog })
  }

  /** Made once: what other servers list changes nothing about them. */
  #toolsOf(server: CatalogServer, of: Omit<Made, "tools">): readonly CatalogTool[] {
    const { base, listed, prefix } = of
    const made = this.#made.get(server)
    if (made?.base === base && made.listed === listed && made.prefix === prefix) return made.tools
    const leave = (tool: string, why: string) => this.#leave(server, tool, why)
    const tools = exposedTools({ ...of, server, leave })
    this.#made.set(server, { ...of, tools })
    return tools
  }

  #leave(server: CatalogServer, tool: string, why: string): void {
    const key = JSON.stringify([keyOf(server), tool, why])
    if (this.#told.has(key) || this.#told.size >= toldMax) return
    this.#told.add(key)
    this.#events.left(server.entity, tool, why)
  }
}

const keyOf = ({ name, version }: CatalogServer): string => refKey(name, version)

function clashWords(server: CatalogServer, servers: readonly CatalogServer[]): string {
  const others = servers.filter((other) => other !== server).map(({ entity }) => written(entity))
  return `${others.join(", ")} exposes a tool of the same name: give one of them a prefix`
}
