import type { CatalogTool, ServerTool, SourceImplementation } from "../registry/catalog.ts"
import type { Fault } from "../schema/fault.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Schemas } from "../schema/validator.ts"
import type { Gateway, Level, Withheld } from "./gateway.ts"
import { ok, type Result, refuse } from "./refusal.ts"
import { serversFor } from "./servers.ts"
import { veil } from "./veil.ts"

/** A call whose arguments are complete, before it goes to a server. */
export interface Complete {
  readonly tool: CatalogTool
  readonly implementation: SourceImplementation
  /** What the caller gave, and the same with the defaults of the tool: the same object where there are none. */
  readonly given: JsonObject
  readonly plain: JsonObject
}

export interface Contract {
  /** Those that may be asked, in the order in which to ask them. */
  readonly servers: readonly ServerTool[]
  /** The arguments break the contract of the first of them. */
  readonly isBroken: boolean
}

/**
 * Which servers take a call: those that the document sends it to and whose own contract it fits. A server that is not
 * asked first is left out where the contract says no, because nobody could repair the call for it.
 */
export function checkContract(
  complete: Complete,
  level: Level,
  { levels, schemas }: Pick<Gateway, "levels" | "schemas">,
): Result<Contract> {
  const { tool, implementation, plain } = complete
  const { choice } = implementation
  if (choice === undefined) return contractOf([implementation], complete, level, schemas)
  const taking = serversFor(choice, plain)
  const there = servedBy(taking, levels.withheld)
  const [first] = taking
  if (first === undefined) return refuse(nowhere(tool.name))
  if (there.length > 0) return contractOf(there, complete, level, schemas)
  const reason = levels.withheld?.reason(first.server, first.tool) ?? ""
  return refuse({ code: "definition_drift", tool: tool.name, reason, fate: "unsent" })
}

/** Those on which the tool is not withheld. */
function servedBy<T extends ServerTool>(servers: readonly T[], withheld: Withheld | undefined) {
  if (withheld === undefined) return servers
  return servers.filter(({ server, tool }) => withheld.reason(server, tool) === undefined)
}

function contractOf(
  [first, ...others]: readonly ServerTool[],
  complete: Complete,
  level: Level,
  schemas: Schemas,
): Result<Contract> {
  if (first === undefined) return refuse(nowhere(complete.tool.name))
  const found = level === "allow" ? undefined : faultsAt(first, complete, schemas)
  if (found && level === "deny") return refuseContract(complete, found)
  const fitting = others.filter(
    (server) => level !== "deny" || faultsAt(server, complete, schemas) === undefined,
  )
  return ok({ servers: [first, ...fitting], isBroken: found !== undefined })
}

function faultsAt(
  { inputSchema }: ServerTool,
  { tool, given, plain }: Complete,
  schemas: Schemas,
): readonly Fault[] | undefined {
  if (inputSchema === undefined) return
  const contract = schemas.validator(inputSchema)
  // The contract is what the caller was shown: what has passed once need not pass again.
  const isSame = plain === given && contract === schemas.validator(tool.shown.inputSchema)
  return isSame ? undefined : contract.faults(plain)
}

const nowhere = (tool: string) => ({
  code: "invalid_input" as const,
  tool,
  faults: [
    {
      at: "",
      keyword: "when",
      expected: "arguments that one of its servers takes",
      line: "(whole): no server of this tool takes these arguments",
    },
  ],
})

/** What the defaults break is no fault of the caller. */
function refuseContract(
  { tool, implementation, given }: Complete,
  found: readonly Fault[],
): Result<never> {
  const faults = veil(found, implementation, given)
  if (faults.length > 0) return refuse({ code: "invalid_input", tool: tool.name, faults })
  const reason = `the defaults break the server's contract: ${found.map(({ at }) => at).join(", ")}`
  return refuse({ code: "backend_error", subject: tool.name, reason })
}
