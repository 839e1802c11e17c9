import { sourcesOf } from "../../call/servers.ts"
import { registered } from "../../compose/plan/callee.ts"
import type { Catalog, CatalogAgent, CatalogTool } from "../../registry/catalog.ts"
import type { AuditEntry, EntryRef } from "./entry.ts"
import { Budget, type Count, Tally } from "./tally.ts"

export interface Usage {
  /** Of the records that were looked at; undefined where there was none with a time. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly records: number
  /** Every agent of the registry, then callers that it does not know, in the order in which they came. */
  readonly agents: readonly UserUsage[]
  /** What compositions called in their own name. */
  readonly compositions: readonly UserUsage[]
  /** Refused before anybody was identified. */
  readonly unidentified: readonly (Refused & Count)[]
  /** Records of callers, tools and refusals beyond the limit of what is kept. */
  readonly others: number
}

/** Who called: an agent, a caller that nobody registered, or a composition. */
export interface UserUsage extends EntryRef {
  readonly isRegistered: boolean
  readonly used: readonly (Used & Count)[]
  /** What it declares and was never let through to, in the order of names. */
  readonly unused: readonly Unused[]
  readonly refused: readonly (Refused & Count)[]
  /** Its `depends` on skills of agents: no record shows whether they are used. */
  readonly unseen: number
}

export interface Used extends EntryRef {
  /** The registry lets it call the tool, in this version. */
  readonly isDeclared: boolean
}

export interface Unused extends EntryRef {
  /** Calls that were refused: it is wanted, and did not get through. */
  readonly tried: number
  /** Resources and prompts of its servers that were asked for, and that no other tool of the agent gives it. */
  readonly gives: readonly (EntryRef & Count)[]
}

export interface Refused {
  readonly code: string
  /** What was asked for; undefined where that is not known. */
  readonly target: string | undefined
}

/** Kept in all: users, and what each used and was refused. */
const rowsMax = 200_000

/** What agents declare, and what of it they used, from records that come one by one. */
export class UsageCount {
  readonly #catalog: Catalog
  readonly #agents = new Map<string, User>()
  readonly #compositions = new Map<string, User>()
  readonly #budget = new Budget(rowsMax)
  readonly #unidentified = new Tally<Refused>(this.#budget)
  #from: string | undefined
  #to: string | undefined
  #records = 0

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  add(entry: AuditEntry): void {
    this.#records++
    this.#widen(entry.time)
    const { kind, caller, note } = entry
    if (kind === "step") this.#user(this.#compositions, refIn(note["by"]))?.add(entry)
    else if (kind !== "call" && kind !== "request") this.#refusal(entry)
    else if (caller === undefined) this.#refusal(entry)
    else this.#user(this.#agents, this.#agentOf(entry))?.add(entry)
  }

  usage(): Usage {
    const { agents, tools } = this.#catalog
    const users = agents.map((agent) => this.#taken(this.#agents, agent).usage(agentScope(agent)))
    const strangers = [...this.#agents.values()].map((user) => user.usage(undefined))
    const compositions = tools.flatMap((tool) => {
      if (tool.implementation.kind !== "composition") return []
      return [this.#taken(this.#compositions, tool).usage(compositionScope(tool, this.#catalog))]
    })
    const gone = [...this.#compositions.values()].map((user) => user.usage(undefined))
    return {
      from: this.#from,
      to: this.#to,
      records: this.#records,
      agents: [...users, ...strangers],
      compositions: [...compositions, ...gone],
      unidentified: this.#unidentified.rows(),
      others: this.#budget.others,
    }
  }

  #widen(time: string): void {
    if (time === "") return
    if (this.#from === undefined || time < this.#from) this.#from = time
    if (this.#to === undefined || time > this.#to) this.#to = time
  }

  #refusal({ decision, refusal, target, time, caller }: AuditEntry): void {
    if (decision !== "refuse" || caller !== undefined) return
    const item = { code: refusal ?? "", target: target?.name }
    this.#unidentified.add(`${item.code} ${item.target}`, () => item, time)
  }

  /** By its identity in the registry: a version that was assumed is that one. */
  #agentOf({ caller }: AuditEntry): EntryRef | undefined {
    if (caller === undefined) return
    const { name, version } = caller
    if (name === undefined) return { name: "", version }
    const match = this.#catalog.findAgent(name, version)
    return match.found ? match.agent : { name, version }
  }

  #user(users: Map<string, User>, ref: EntryRef | undefined): User | undefined {
    if (ref === undefined) return
    const key = keyOf(ref)
    const known = users.get(key)
    if (known !== undefined) return known
    if (!this.#budget.take()) return
    const user = new User(ref, this.#budget)
    users.set(key, user)
    return user
  }

  /** Whoever is left afterwards is not registered. */
  #taken(users: Map<string, User>, ref: EntryRef): User {
    const user = users.get(keyOf(ref)) ?? new User(ref, this.#budget)
    users.delete(keyOf(ref))
    return user
  }
}

const keyOf = ({ name, version }: EntryRef) => `${name}@${version ?? ""}`

/** `name@version`, as the note of a step writes it. */
export function refIn(written: unknown): EntryRef | undefined {
  if (typeof written !== "string" || written === "") return
  const at = written.indexOf("@")
  return at < 0
    ? { name: written, version: undefined }
    : { name: written.slice(0, at), version: written.slice(at + 1) }
}

/** What somebody may call. */
interface Scope {
  readonly tools: readonly CatalogTool[]
  readonly unseen: number
}

const agentScope = ({ scope, entity }: CatalogAgent): Scope => ({
  tools: [...scope.tools.values()],
  unseen: (entity.depends ?? []).filter(({ type }) => type === "agent").length,
})

function compositionScope({ entity }: CatalogTool, catalog: Catalog): Scope {
  const depends = entity.depends ?? []
  const tools = depends.filter(({ type }) => type === "tool")
  return {
    tools: tools.flatMap((one) => registered(one, catalog) ?? []),
    unseen: depends.length - tools.length,
  }
}

class User {
  readonly #ref: EntryRef
  readonly #used: Tally<EntryRef>
  readonly #refused: Tally<Refused>
  /** Servers whose resources and prompts were asked for. */
  readonly #servers: Tally<EntryRef>

  constructor({ name, version }: EntryRef, budget: Budget) {
    this.#ref = { name, version }
    this.#used = new Tally(budget)
    this.#refused = new Tally(budget)
    this.#servers = new Tally(budget)
  }

  add({ decision, refusal, target, time, server, kind }: AuditEntry): void {
    if (decision === "refuse") {
      const item = { code: refusal ?? "", target: target?.name }
      this.#refused.add(`${item.code} ${item.target}`, () => item, time)
    } else if (kind === "request") {
      if (server !== undefined) this.#servers.add(keyOf(server), () => server, time)
    } else if (target !== undefined) {
      const { name, version } = target
      this.#used.add(keyOf(target), () => ({ name, version }), time)
    }
  }

  usage(scope: Scope | undefined): UserUsage {
    const declared = new Map((scope?.tools ?? []).map((tool) => [keyOf(tool), tool]))
    const used = this.#used.rows()
    const usedKeys = new Set(used.map(keyOf))
    const unused = [...declared].flatMap(([key, tool]) => (usedKeys.has(key) ? [] : [tool]))
    const refused = this.#refused.rows()
    return {
      ...this.#ref,
      isRegistered: scope !== undefined,
      used: used.map((one) => ({ ...one, isDeclared: declared.has(keyOf(one)) })),
      unused: this.#unused(unused, scope?.tools ?? [], refused).sort(byName),
      refused,
      unseen: scope?.unseen ?? 0,
    }
  }

  #unused(
    unused: readonly CatalogTool[],
    tools: readonly CatalogTool[],
    refused: readonly (Refused & Count)[],
  ): Unused[] {
    const tried = new Map<string | undefined, number>()
    for (const { target, count } of refused) tried.set(target, (tried.get(target) ?? 0) + count)
    const givers = Map.groupBy(tools.flatMap(serversOf), (server) => server)
    const asked = this.#servers.rows()
    return unused.map((tool) => {
      const alone = serversOf(tool).filter((server) => givers.get(server)?.length === 1)
      return {
        name: tool.name,
        version: tool.version,
        tried: tried.get(tool.name) ?? 0,
        gives: asked.filter((one) => alone.includes(keyOf(one))),
      }
    })
  }
}

const serversOf = ({ implementation }: CatalogTool): readonly string[] =>
  sourcesOf(implementation).map(({ server }) => keyOf(server))

const byName = (left: EntryRef, right: EntryRef) => (left.name < right.name ? -1 : 1)
