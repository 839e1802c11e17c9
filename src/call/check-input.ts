import type { CatalogTool, SourceImplementation } from "../registry/catalog.ts"
import type { Fault } from "../schema/fault.ts"
import { type JsonObject, segment } from "../schema/json.ts"
import type { Schemas } from "../schema/validator.ts"
import { completeArguments } from "./arguments.ts"
import type { Gateway } from "./gateway.ts"
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
}

/**
 * The caller's arguments against what the caller was shown; hidden fields refused at every level, whatever
 * `additionalProperties` says; defaults added; the whole against the server's own contract. Nothing is coerced,
 * filled in beyond the defaults, or taken away.
 */
export function checkInput(
  { tool, implementation }: Permit,
  sent: Sent,
  { levels, schemas }: Pick<Gateway, "levels" | "schemas">,
): Result<Input> {
  const level = levels.inputValidation
  const given = sent.arguments ?? empty
  const first = level === "allow" ? undefined : againstShown(schemas, tool, given)
  if (first && level === "deny") {
    return refuse({ code: "invalid_input", tool: tool.name, faults: first })
  }
  const trespass = hiddenFields(implementation, given)
  if (trespass) return refuse({ code: "invalid_input", tool: tool.name, faults: trespass })

  const { plain, exact } = completeArguments(implementation, sent.arguments, sent.exactArguments)
  const isChecked = level === "allow" || first !== undefined
  const isSame = plain === sent.arguments && sharesValidator(schemas, tool, implementation)
  const second =
    isChecked || isSame ? undefined : againstContract(schemas, implementation, plain ?? empty)
  if (second && level === "deny") return refuseContract(tool, implementation, given, second)
  return ok({ arguments: exact, warnings: first || second ? broken : none })
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
  return refuse({ code: "backend_error", tool: tool.name, reason })
}
