import type { CatalogTool, SourceImplementation } from "../registry/catalog.ts"
import type { Fault } from "../schema/fault.ts"
import { type JsonObject, segment } from "../schema/json.ts"
import type { Schemas } from "../schema/validator.ts"
import { completeArguments, keyArgument } from "./arguments.ts"
import { defaultsFor } from "./caller-defaults.ts"
import type { Gateway, Level } from "./gateway.ts"
import type { Permit } from "./permit.ts"
import { ok, type Result, refuse } from "./refusal.ts"
import { veil } from "./veil.ts"

export interface Input {
  /** What is sent: the object that was validated, or its digit-for-digit twin. */
  readonly arguments: JsonObject | undefined
  readonly warnings: readonly string[]
}

interface Sent {
  readonly arguments: JsonObject | undefined
  readonly exactArguments: JsonObject | undefined
  /** Of a call that may be made more than once. */
  readonly key?: string
}

/**
 * The caller's arguments against what the caller was shown; hidden fields refused at every level, whatever
 * `additionalProperties` says; defaults added; the whole against the server's own contract. Nothing is coerced,
 * filled in beyond the defaults, or taken away.
 */
export function checkInput(
  { caller, tool }: Permit,
  sent: Sent,
  { levels, schemas }: Pick<Gateway, "levels" | "schemas">,
): Result<Input> {
  const level = levels.inputValidation
  const key = keyArgument(tool, sent.key)
  const given = shownArguments(tool, sent, key)
  const found = level === "allow" ? undefined : againstShown(schemas, tool, given)
  if (found && level === "deny") {
    return refuse({ code: "invalid_input", tool: tool.name, faults: found })
  }
  const warnings = found ? broken : none
  const { implementation } = tool
  // What flows in a composition is computed with: doubles carry it.
  if (implementation.kind === "composition") return ok({ arguments: sent.arguments, warnings })
  const isChecked = level === "allow" || found !== undefined // once is enough for a warning
  const contract = isChecked ? undefined : level
  const defaults = defaultsFor(implementation, caller)
  if (!defaults.ok) return defaults
  return completed(tool, implementation, sent, {
    schemas,
    contract,
    warnings,
    defaults: key === undefined ? defaults.value : { ...defaults.value, ...key },
  })
}

interface Rest {
  readonly schemas: Schemas
  /** The level at which the server's own contract is checked; undefined: not at all. */
  readonly contract: Level | undefined
  readonly warnings: readonly string[]
  readonly defaults: JsonObject
}

/** Hidden fields refused, defaults added, the whole held to the server's own contract. */
function completed(
  tool: CatalogTool,
  implementation: SourceImplementation,
  sent: Sent,
  { schemas, contract, warnings, defaults }: Rest,
): Result<Input> {
  const given = sent.arguments ?? empty
  const trespass = hiddenFields(implementation, given)
  if (trespass) return refuse({ code: "invalid_input", tool: tool.name, faults: trespass })

  const { plain, exact } = completeArguments(defaults, sent.arguments, sent.exactArguments)
  const isSame = plain === sent.arguments && sharesValidator(schemas, tool, implementation)
  const skips = contract === undefined || isSame
  const found = skips ? undefined : againstContract(schemas, implementation, plain ?? empty)
  if (found && contract === "deny") return refuseContract(tool, implementation, given, found)
  return ok({ arguments: exact, warnings: found ? broken : warnings })
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
const none: readonly string[] = []
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

const againstContract = (
  schemas: Schemas,
  { inputSchema }: SourceImplementation,
  plain: JsonObject,
) => (inputSchema === undefined ? undefined : schemas.validator(inputSchema).faults(plain))

/** The contract is what the caller was shown: what has passed once need not pass again. */
const sharesValidator = (
  schemas: Schemas,
  { shown }: CatalogTool,
  { inputSchema }: SourceImplementation,
) =>
  inputSchema === undefined ||
  schemas.validator(inputSchema) === schemas.validator(shown.inputSchema)

function refuseContract(
  tool: CatalogTool,
  implementation: SourceImplementation,
  given: JsonObject,
  found: readonly Fault[],
): Result<never> {
  const faults = veil(found, implementation, given)
  if (faults.length > 0) return refuse({ code: "invalid_input", tool: tool.name, faults })
  const reason = `the defaults break the server's contract: ${found.map(({ at }) => at).join(", ")}`
  return refuse({ code: "backend_error", subject: tool.name, reason })
}
