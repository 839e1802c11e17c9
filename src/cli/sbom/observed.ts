import { type Graph, type Node, nodeId } from "../../portable/graph/graph.ts"
import type { Extra, Property } from "../../portable/sbom/inventory.ts"
import type { AuditEntry } from "../../server/audit/entry.ts"
import { readAudit } from "../../server/audit/read.ts"
import type { Io } from "../command.ts"
import { printable } from "../printable.ts"

/**
 * What was called according to audit files, by node: of an agent's slice, what that agent called. Undefined when a file
 * does not hold, which has been printed: an SBOM must not repeat what somebody may have forged.
 */
export async function observed(
  graph: Graph,
  around: string | undefined,
  { files, io }: { readonly files: readonly string[]; readonly io: Io },
): Promise<ReadonlyMap<string, Extra> | undefined> {
  const tally = new Tally(graph, around)
  const { findings } = await readAudit(files, {
    begins: "in each file",
    onEntry: (entry) => tally.add(entry),
  })
  // The last line of a gateway that is running may be half written.
  const wrong = findings.filter(({ code }) => code !== "torn_tail")
  for (const { file, line, code, message } of wrong.slice(0, 20))
    io.err.write(`${printable(file)}:${line} ${code} — ${message}\n`)
  return wrong.length > 0 ? undefined : tally.extras()
}

const counted: ReadonlySet<Node["kind"]> = new Set(["agent", "tool", "server"])

type Named = Pick<NonNullable<AuditEntry["caller"]>, "name" | "version">

class Tally {
  readonly #nodes: readonly Node[]
  readonly #root: string
  readonly #isOfAgent: boolean
  /** The ids of each kind and name. */
  readonly #named = new Map<string, string[]>()
  readonly #calls = new Map<string, number>()
  readonly #catalogs = new Set<string>()
  #from: string | undefined
  #to: string | undefined

  constructor({ nodes, root }: Graph, around: string | undefined) {
    this.#nodes = nodes.filter(({ kind }) => counted.has(kind))
    this.#root = around ?? root
    this.#isOfAgent = nodes.some(({ id, kind }) => id === this.#root && kind === "agent")
    for (const { kind, name, id } of this.#nodes) {
      const known = this.#named.get(`${kind} ${name}`)
      if (known === undefined) this.#named.set(`${kind} ${name}`, [id])
      else known.push(id)
    }
  }

  add(entry: AuditEntry): void {
    this.#widen(entry)
    const { kind, decision, caller, target, server } = entry
    if (decision !== "allow" || (kind !== "call" && kind !== "step")) return
    const agent = this.#find("agent", caller)
    if (this.#isOfAgent && agent !== this.#root) return
    if (kind === "call") this.#count(agent)
    if (target?.type === "tool") this.#count(this.#find("tool", target))
    this.#count(this.#find("server", server))
  }

  extras(): ReadonlyMap<string, Extra> {
    const calls = this.#nodes.map(({ id }): readonly [string, readonly Property[]] => [
      id,
      [["observed-calls", String(this.#calls.get(id) ?? 0)]],
    ])
    const properties = new Map(calls)
    properties.set(this.#root, [...(properties.get(this.#root) ?? []), ...this.#interval()])
    return new Map(properties.entries().map(([id, own]) => [id, { properties: own }] as const))
  }

  *#interval(): Generator<Property> {
    if (this.#from !== undefined) yield ["observed-from", this.#from]
    if (this.#to !== undefined) yield ["observed-to", this.#to]
    for (const digest of [...this.#catalogs].sort()) yield ["observed-catalog", digest]
  }

  #widen({ time, catalog }: AuditEntry): void {
    if (catalog !== undefined) this.#catalogs.add(catalog)
    if (time === "") return
    if (this.#from === undefined || time < this.#from) this.#from = time
    if (this.#to === undefined || time > this.#to) this.#to = time
  }

  /** As the gateway finds agents: the exact version; what has none stands for any; of no version the only one. */
  #find(kind: Node["kind"], ref: Named | undefined): string | undefined {
    if (ref?.name === undefined) return
    const { name, version } = ref
    const ids = this.#named.get(`${kind} ${name}`) ?? []
    const only = version === undefined && ids.length === 1 ? ids[0] : undefined
    const wanted = [nodeId(kind, name, version), nodeId(kind, name, undefined)]
    return only ?? wanted.find((id) => ids.includes(id))
  }

  #count(id: string | undefined): void {
    if (id !== undefined) this.#calls.set(id, (this.#calls.get(id) ?? 0) + 1)
  }
}
