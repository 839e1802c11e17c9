import type { Fault } from "../schema/fault.ts"
import type { JsonObject } from "../schema/json.ts"
import type { BackendReply } from "./backends.ts"
import type { Gateway } from "./gateway.ts"
import type { Permit } from "./permit.ts"
import { ok, type Result, refuse } from "./refusal.ts"

type ToolReply = Extract<BackendReply, { kind: "result" }>

export interface Output {
  readonly reply: ToolReply
  readonly warnings: readonly string[]
}

/**
 * The result against the registry's `outputSchema`. A result that says `isError`, or that is not the final one, is not
 * looked at. The result goes on as it came.
 */
export function checkOutput(
  { tool }: Permit,
  reply: ToolReply,
  { levels, schemas }: Pick<Gateway, "levels" | "schemas">,
): Result<Output> {
  const { outputSchema } = tool.shown
  const level = levels.outputValidation
  const plain = reply.plain ?? reply.result
  if (level === "allow" || outputSchema === undefined || !isFinal(plain)) return asItCame(reply)
  const value = plain["structuredContent"]
  const faults = value === undefined ? missing : schemas.validator(outputSchema).faults(value)
  if (faults === undefined) return asItCame(reply)
  if (level === "deny") return refuse({ code: "invalid_output", tool: tool.name, faults })
  return ok({ reply, warnings: broken })
}

const asItCame = (reply: ToolReply): Result<Output> => ok({ reply, warnings: none })

const none: readonly string[] = []
const broken: readonly string[] = ["invalid_output"]

/** MCP 2026-07-28 says `input_required` of a result that is a question; without `resultType` it is complete. */
const isFinal = ({ isError, resultType }: JsonObject) =>
  isError !== true && (resultType === undefined || resultType === "complete")

const missing: readonly Fault[] = [
  {
    at: "/structuredContent",
    keyword: "required",
    expected: "structuredContent",
    line: "/structuredContent: required, missing",
  },
]
