import type { CatalogTool } from "../registry/catalog.ts"
import type { Fault } from "../schema/fault.ts"
import type { Json, JsonObject, JsonSchema } from "../schema/json.ts"
import type { BackendReply } from "./backends.ts"
import { isFinal } from "./final.ts"
import type { Gateway } from "./gateway.ts"
import { structuredValue, transformOf } from "./output-transform.ts"
import type { Permit } from "./permit.ts"
import { ok, type Result, refuse } from "./refusal.ts"
import { lookForHidden } from "./results/hidden-text.ts"
import { redact } from "./results/redact.ts"

type ToolReply = Extract<BackendReply, { kind: "result" }>

export interface Output {
  readonly reply: ToolReply
  readonly warnings: readonly string[]
}

/**
 * Looks for hidden text, applies the tool's `outputTransform` if it declares one, and holds the value to the registry's
 * `outputSchema`. A result that says `isError`, or is not the final one, is neither transformed nor held to the schema.
 * A tool with an output schema owes structured content (MCP: servers MUST provide it), whatever its text holds.
 */
export function checkOutput(
  permit: Permit,
  reply: ToolReply,
  gateway: Pick<Gateway, "levels" | "schemas" | "results">,
): Result<Output> {
  const looked = lookThrough(permit, reply, gateway)
  if (!looked.ok) return looked
  const { warnings } = looked.value
  const output = checkSchema(permit, looked.value.reply, gateway)
  if (!output.ok || warnings.length === 0) return output
  return ok({ reply: output.value.reply, warnings: [...output.value.warnings, ...warnings] })
}

/** Stripping hidden text joins what it had kept apart, so redactions look at the stripped result once more. */
function lookThrough(
  { tool }: Permit,
  reply: ToolReply,
  { results }: Pick<Gateway, "results">,
): Result<Output> {
  const limit = { tool: tool.name, charsMax: results.textCharsMax }
  const looked = lookForHidden(reply, results.hiddenText, limit)
  if (!looked.ok || looked.value.reply === reply) return looked
  const { answer, warnings } = redact(looked.value.reply, results.about(tool).redactions, limit)
  if (answer.kind === "refusal") return refuse(answer.refusal)
  const left = answer.kind === "result" ? answer : looked.value.reply // of a result it is one
  return ok({ reply: left, warnings: [...looked.value.warnings, ...warnings] })
}

function checkSchema(
  { tool }: Permit,
  reply: ToolReply,
  { levels, schemas }: Pick<Gateway, "levels" | "schemas">,
): Result<Output> {
  // A composition's run has held it to its schema, and transformed it.
  if (tool.implementation.kind === "composition") return ok({ reply, warnings: none })
  const level = levels.outputValidation
  const { outputSchema } = tool.shown
  const transform = transformOf(tool.entity)
  const mustFit = outputSchema !== undefined && level !== "allow"
  const plain = reply.plain ?? reply.result
  if ((!mustFit && transform === undefined) || !isGood(plain)) return ok({ reply, warnings: none })

  const made =
    transform === undefined
      ? { reply, value: plain["structuredContent"] }
      : transformed(reply, plain, transform, outputSchema)
  const faults = mustFit || made === undefined ? faultsOf(made?.value, tool, schemas) : undefined
  if (faults === undefined) return ok({ reply: made?.reply ?? reply, warnings: none })
  if (level === "deny") return refuse({ code: "invalid_output", tool: tool.name, faults })
  return ok({ reply: made?.reply ?? reply, warnings: level === "warn" ? broken : none })
}

const isGood = (result: JsonObject) => result["isError"] !== true && isFinal(result)

const none: readonly string[] = []
const broken: readonly string[] = ["invalid_output"]

/**
 * Undefined where there is nothing to transform. The text is replaced along with the structure, because it would tell
 * what the transform leaves out. Only tools with an output schema get structured content.
 */
function transformed(
  { result }: ToolReply,
  plain: JsonObject,
  transform: (value: Json) => Json,
  outputSchema: JsonSchema | undefined,
): { readonly reply: ToolReply; readonly value: Json } | undefined {
  const taken = structuredValue(plain)
  if (taken === undefined) return
  const value = transform(taken)
  const { structuredContent: _, ...rest } = result
  const content = [{ type: "text", text: JSON.stringify(value) }]
  const made = { ...rest, content, ...(outputSchema !== undefined && { structuredContent: value }) }
  return { reply: { kind: "result", result: made }, value }
}

const faultsOf = (
  value: Json | undefined,
  tool: CatalogTool,
  schemas: Gateway["schemas"],
): readonly Fault[] | undefined =>
  value === undefined ? missing : valueFaults(value, tool, schemas)

/** A value against the output schema of the tool, if it has one. */
export function valueFaults(
  value: Json,
  { shown }: CatalogTool,
  schemas: Gateway["schemas"],
): readonly Fault[] | undefined {
  const { outputSchema } = shown
  return outputSchema === undefined ? undefined : schemas.validator(outputSchema).faults(value)
}

const missing: readonly Fault[] = [
  {
    at: "/structuredContent",
    keyword: "required",
    expected: "structured content",
    line: "/structuredContent: required, missing",
  },
]
