import type { CatalogTool, ServerTool, SourceImplementation } from "../registry/catalog.ts"
import type { Fault } from "../schema/fault.ts"
import { type JsonObject, segment } from "../schema/json.ts"
import type { Schemas } from "../schema/validator.ts"
import { completeArguments, keyArgument } from "./arguments.ts"
import { defaultsFor } from "./caller-defaults.ts"
import { checkContract } from "./check-contract.ts"
import type { Gateway } from "./gateway.ts"
import type { Permit } from "./permit.ts"
import { ok, type Result, refuse } from "./refusal.ts"

export interface Input {
  /** What is sent: the object that was validated, or its digit-for-digit twin. */
  readonly arguments: JsonObject | undefined
  readonly warnings: readonly string[]
  /** Those that may be asked, in the order in which to ask them; none for a composition. */
  readonly servers: readonly ServerTool[]
}

interface Sent {
  readonly arguments: JsonObject | undefined
  readonly exactArguments: JsonObject | undefined
  /** Of a call that may be made more than once. */
  readonly key?: string
  /** The arguments are proved to fit what callers are shown. Only compositions set it. */
  readonly isProven?: true
}

/**
 * The caller's arguments against what the caller was shown; hidden fields refused at every level, whatever
 * `additionalProperties` says; defaults added; the whole against the contract of the server that it goes to. Nothing is
 * coerced, filled in beyond the defaults, or taken away.
 */
export function checkInput(
  { caller, tool }: Permit,
  sent: Sent,
  gateway: Pick<Gateway, "levels" | "schemas">,
): Result<Input> {
  const { levels, schemas } = gateway
  const level = levels.inputValidation
  const key = keyArgument(tool, sent.key)
  const given = shownArguments(tool, sent, key)
  const isIdle = level === "allow" || sent.isProven === true
  const found = isIdle ? undefined : againstShown(schemas, tool, given)
  if (found && level === "deny") {
    return refuse({ code: "invalid_input", tool: tool.name, faults: found })
  }
  const warnings = found ? broken : none
  const { implementation } = tool
  // What flows in a composition is computed with: doubles carry it.
  if (implementation.kind === "composition")
    return ok({ arguments: sent.arguments, warnings, servers: none })
  const own = sent.arguments ?? empty
  const trespass = hiddenFields(implementation, own)
  if (trespass) return refuse({ code: "invalid_input", tool: tool.name, faults: trespass })
  const defaults = defaultsFor(implementation, caller)
  const added = key === undefined ? defaults : { ...defaults, ...key }
  const { plain, exact } = completeArguments(added, sent.arguments, sent.exactArguments)
  const isDone = level === "allow" || found !== undefined // once is enough for a warning
  const complete = { tool, implementation, given: own, plain: plain ?? empty }
  const contract = checkContract(complete, isDone ? "allow" : level, gateway)
  if (!contract.ok) return contract
  const { servers, isBroken } = contract.value
  return ok({ arguments: exact, warnings: isBroken ? broken : warnings, servers })
}

/** With the key where callers are shown the argument that carries it. */
function shownArguments(
  { implementation }: CatalogTool,
  sent: Sent,
  key: JsonObject | undefined,
): JsonObject {
  const given = sent.arguments ?? empty
  if (key === undefined || implementation.kind === "composition") return given
  const isHidden = Object.keys(key).some((name) => implementation.hidden.has(name))
  return isHidden ? given : { ...key, ...given }
}

const empty: JsonObject = {}
const none: readonly never[] = []
const broken: readonly string[] = ["invalid_input"]

const againstShown = (schemas: Schemas, { shown }: CatalogTool, given: JsonObject) =>
  schemas.validator(shown.inputSchema).faults(given)

function hiddenFields({ hidden }: SourceImplementation, given: JsonObject): Fault[] | undefined {
  if (hidden.size === 0) return
  const keys = Object.keys(given).filter((key) => hidden.has(key))
  return keys.length === 0 ? undefined : keys.map(unwelcome)
}

/** In the words of any unknown field: what is hidden sounds like what does not exist. */
function unwelcome(key: string): Fault {
  const at = segment(key)
  return {
    at,
    keyword: "additionalProperties",
    expected: "no such field",
    line: `${at}: not allowed`,
  }
}
