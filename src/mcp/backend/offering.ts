import type { Listed, ListKind } from "../../call/backends.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { isObject, type JsonObject, member } from "../../schema/json.ts"
import { mirrorFault } from "../mirror-fault.ts"
import type { Connection } from "./connection.ts"
import { Feed } from "./follow/feed.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link, LogFields, LogLevel, Opened } from "./link.ts"
import { Lists } from "./lists.ts"
import { type ReadItems, type ReadList, readList } from "./read-list.ts"
import { type Sighting, sightingOf } from "./sighting.ts"
import { Watch } from "./watch.ts"

/** What is not what it was. */
export type Change =
  /** The server said so: `notifications/<of>/list_changed`. */
  | { readonly kind: "list"; readonly of: "tools" | "resources" | "prompts" }
  /** The server said so: `notifications/resources/updated`, whose params these are. */
  | { readonly kind: "resource"; readonly params: JsonObject }
  /** A list was read, and it is another than was known. */
  | { readonly kind: "known"; readonly list: ListKind }

/** Who is told of it. */
export interface OfferingEvents {
  /** The server's tools were looked at. Resolves when whoever observes has judged them; never rejects. */
  observe(sighting: Sighting): Promise<void>
  changed(change: Change): void
  log(level: LogLevel, event: string, fields: LogFields): void
}

/** What one server offers, as far as that is known: its capabilities, its lists, and whether they have changed. */
export class Offering {
  readonly #limits: BackendLimits
  readonly #link: Link
  readonly #connection: Connection
  readonly #events: OfferingEvents
  readonly #watch: Watch
  readonly #lists: Lists
  /** Who follows what of it. */
  readonly feed: Feed
  readonly #told = new Set<string>()
  #capabilities: JsonObject | undefined
  #greeting: JsonObject | undefined

  constructor(limits: BackendLimits, link: Link, connection: Connection, events: OfferingEvents) {
    this.#limits = limits
    this.#link = link
    this.#connection = connection
    this.#events = events
    this.#watch = new Watch(limits, (sighting) => void events.observe(this.#greeted(sighting)))
    this.#lists = new Lists(
      limits,
      (kind) => this.#read(kind),
      (list) => {
        this.feed.foundOut(list)
        events.changed({ kind: "known", list })
      },
    )
    this.feed = new Feed(limits, link, {
      connect: () => connection.connectInTime(),
      noticed: (notification) => this.noticed(notification),
      missed: () => this.#lists.reconnected(),
    })
  }

  /** As declared when the server was last connected. */
  get capabilities(): JsonObject | undefined {
    return this.#capabilities
  }

  /** The names of the server's tools when they were last looked at. */
  get tools(): ReadonlySet<string> | undefined {
    return this.#watch.tools
  }

  /** Tools that the registry says the server provides and that were not in its list. */
  missing(server: CatalogServer | undefined): readonly string[] {
    const { tools } = this.#watch
    if (tools === undefined || server === undefined) return []
    return server.entity.provides.map(({ tool }) => tool).filter((tool) => !tools.has(tool))
  }

  /** What is known of the server's tools without asking it. */
  get liveTools(): readonly JsonObject[] | undefined {
    return this.#lists.known("tools")
  }

  list(kind: ListKind, need: "fresh" | "known"): Promise<Listed> {
    return this.#lists.get(kind, need)
  }

  /** The server's tools, read again: what is known of them has proved wrong. */
  toolsAnew(): Promise<Listed> {
    this.#lists.outdate(["tools"])
    return this.#lists.get("tools", "fresh")
  }

  /** A connection was made. Whatever was known of the lists may have changed meanwhile. */
  connected({ era, capabilities, greeting, sighting }: Opened): void {
    this.#capabilities = capabilities
    this.#greeting = greeting
    this.#told.clear()
    this.#lists.reconnected()
    this.feed.connected(era, capabilities)
    if (sighting === undefined) this.lookAtTools()
    else this.#watch.note(sighting)
  }

  #greeted(sighting: Sighting): Sighting {
    return sighting.kind === "tools" ? { ...sighting, greeting: this.#greeting } : sighting
  }

  lookAtTools(): void {
    this.#watch.look(this.#link)
  }

  noticed(notification: JsonObject): void {
    const { method, params } = notification
    this.feed.hear(notification)
    if (method === "notifications/tools/list_changed") {
      this.lookAtTools()
      this.#changed("tools", ["tools"])
    } else if (method === "notifications/prompts/list_changed")
      this.#changed("prompts", ["prompts"])
    else if (method === "notifications/resources/list_changed")
      this.#changed("resources", ["resources", "resourceTemplates"])
    else if (method === "notifications/resources/updated" && isObject(params))
      this.#events.changed({ kind: "resource", params })
  }

  #changed(of: "tools" | "resources" | "prompts", kinds: readonly ListKind[]): void {
    this.#lists.outdate(kinds)
    this.#events.changed({ kind: "list", of })
  }

  async #read(kind: ListKind): Promise<ReadList> {
    const failure = await this.#connection.ready()
    if (failure !== undefined) return { kind: "failure", failure }
    if (this.#lacks(kind)) return emptyList
    const list = await readList(this.#link, kind, this.#limits)
    if (kind !== "tools" || list.kind === "failure") return list
    await this.#events.observe(this.#greeted(sightingOf(list))) // before anybody is shown any of it
    return this.#withoutMisannotated(list)
  }

  /** MCP has clients drop, and report, a tool whose header annotations are invalid. */
  #withoutMisannotated(list: ReadItems): ReadList {
    const faults = list.plain.map(({ inputSchema }) => mirrorFault(inputSchema))
    for (const [index, reason] of faults.entries()) {
      const tool = String(list.plain[index]?.["name"])
      if (reason === undefined || this.#told.has(tool)) continue
      this.#told.add(tool)
      this.#events.log("warn", "backend_tool_dropped", { tool, reason })
    }
    const isSound = (_: JsonObject, index: number) => faults[index] === undefined
    return { ...list, items: list.items.filter(isSound), plain: list.plain.filter(isSound) }
  }

  #lacks(kind: ListKind): boolean {
    const declared = this.#capabilities
    return declared !== undefined && !isObject(member(declared, capabilityOf[kind]))
  }

  stop(): void {
    this.#watch.stop()
    this.feed.stop()
  }
}

const emptyList: ReadList = { kind: "items", items: [], plain: [], ttlMs: undefined }

/** The capability without which a server has no such list. */
const capabilityOf: Readonly<Record<ListKind, string>> = {
  tools: "tools",
  resources: "resources",
  resourceTemplates: "resources",
  prompts: "prompts",
}
