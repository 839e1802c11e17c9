import { type Graph, nodeId, registryId } from "../../portable/graph/graph.ts"
import type { Extra, Property } from "../../portable/sbom/inventory.ts"
import type { AuditEntry, EntryRef } from "../../server/audit/entry.ts"
import { readAudit } from "../../server/audit/read.ts"
import type { Io } from "../command.ts"

/**
 * What was called according to audit files, by node: of an agent's slice, what that agent called. Undefined when a file
 * does not hold, which has been printed: an SBOM must not repeat what somebody may have forged.
 */
export async function observed(
  graph: Graph,
  around: string | undefined,
  { files, io }: { readonly files: readonly string[]; readonly io: Io },
): Promise<ReadonlyMap<string, Extra> | undefined> {
  const tally = new Tally(around)
  const { findings } = await readAudit(files, {
    begins: "in each file",
    onEntry: (entry) => tally.add(entry),
  })
  // The last line of a gateway that is running may be half written.
  const wrong = findings.filter(({ code }) => code !== "torn_tail")
  for (const { file, line, code, message } of wrong.slice(0, 20))
    io.err.write(`${file}:${line} ${code} — ${message}\n`)
  return wrong.length > 0 ? undefined : tally.extras(graph)
}

class Tally {
  readonly #calls = new Map<string, number>()
  readonly #root: string
  readonly #agent: string | undefined
  #from: string | undefined
  #to: string | undefined

  constructor(around: string | undefined) {
    this.#root = around ?? registryId
    this.#agent = around?.startsWith("urn:postern:agent:") ? around : undefined
  }

  add(entry: AuditEntry): void {
    this.#widen(entry.time)
    const { kind, decision, caller, target, server } = entry
    if (decision !== "allow" || (kind !== "call" && kind !== "step")) return
    const agent = agentOf(caller)
    if (this.#agent !== undefined && agent !== this.#agent) return
    if (agent !== undefined && kind === "call") this.#count(agent)
    if (target?.type === "tool") this.#count(idOf("tool", target))
    if (server !== undefined) this.#count(idOf("server", server))
  }

  #widen(time: string): void {
    if (time === "") return
    if (this.#from === undefined || time < this.#from) this.#from = time
    if (this.#to === undefined || time > this.#to) this.#to = time
  }

  extras({ nodes }: Graph): ReadonlyMap<string, Extra> {
    const counted = new Set(["agent", "tool", "server"])
    const extras = nodes.map(({ id, kind }): readonly [string, Extra] => {
      const calls: Property = ["observed-calls", String(this.#calls.get(id) ?? 0)]
      return [
        id,
        {
          properties: [
            ...(counted.has(kind) ? [calls] : []),
            ...(id === this.#root ? this.#interval() : []),
          ],
        },
      ]
    })
    return new Map(extras)
  }

  *#interval(): Generator<Property> {
    if (this.#from !== undefined) yield ["observed-from", this.#from]
    if (this.#to !== undefined) yield ["observed-to", this.#to]
  }

  #count(id: string): void {
    this.#calls.set(id, (this.#calls.get(id) ?? 0) + 1)
  }
}

const agentOf = (caller: AuditEntry["caller"]): string | undefined =>
  caller?.name === undefined
    ? undefined
    : idOf("agent", { name: caller.name, version: caller.version })

const idOf = (kind: "agent" | "tool" | "server", { name, version }: EntryRef): string =>
  nodeId(kind, name, version)
