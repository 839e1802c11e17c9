import { isObject, type Json, type JsonObject } from "../../../schema/json.ts"
import type { Plan } from "../../plan/plan.ts"
import { textOf } from "../../text.ts"
import type { StepError } from "../outcome.ts"
import type { StepSummary } from "../report.ts"
import type { RunOutcome } from "../run-plan.ts"
import { refusalCodes } from "./refusal-codes.ts"

export interface ResultOptions {
  readonly runId: string
  /** What may stand in `structuredContent`: MCP before 2026-07-28 wants objects, so others are put into `result`. */
  readonly structured: "any" | "objects"
}

/** A composition's outcome as the result of a tool (compositions §6.2). */
export function resultOf(plan: Plan, outcome: RunOutcome, options: ResultOptions): JsonObject {
  const meta = scatterMeta(plan, outcome.steps)
  if (!outcome.ok) return failed(plan, outcome, options.runId, meta)
  if (outcome.raw !== undefined) return outcome.raw
  const { value } = outcome
  return {
    content: [{ type: "text", text: shownAs(value) ?? "(nested too deep for a text)" }],
    structuredContent: options.structured === "any" || isObject(value) ? value : { result: value },
    ...(meta !== undefined && { _meta: { [scatterKey]: meta } }),
  }
}

const shownAs = (value: Json): string | undefined => (value === null ? "null" : textOf(value))

const scatterKey = "dev.postern/scatter"
const refusalKey = "dev.postern/refusal"

/** How the targets of a scatter-gather ended, in their order. */
function scatterMeta({ root }: Plan, steps: readonly StepSummary[]): Json | undefined {
  if (root.kind !== "scatter" || steps.length === 0) return
  const targets = new Set(root.steps.map(({ id }) => id))
  return steps
    .filter(({ id }) => targets.has(id))
    .map(({ id, status, ms, error, effect }) => ({
      id,
      status: status === "not_started" ? "aborted" : status,
      ms: Math.round(ms),
      ...(error && { error: { class: error.class, code: error.code, message: error.message } }),
      ...(effect === "unknown" && { unknownOutcome: true }),
    }))
}

function failed(
  { tool }: Plan,
  { error, steps }: RunOutcome & { ok: false },
  runId: string,
  meta: Json | undefined,
): JsonObject {
  const lines = [why(tool.name, error), ...whatIsLeft(steps, error), `Run ${runId}.`]
  return {
    content: [{ type: "text", text: lines.join("\n") }],
    isError: true,
    _meta: {
      [refusalKey]: { code: refusalCodes[error.class] },
      ...(meta !== undefined && { [scatterKey]: meta }),
    },
  }
}

function why(
  name: string,
  { step, tool, attempts, message, class: errorClass }: StepError,
): string {
  const at = step === "" ? "" : ` at step ${step}`
  const called = tool === undefined ? "" : ` (${tool})`
  const tries = attempts > 1 ? ` after ${attempts} attempts` : ""
  return `${name} failed${at}${called}${tries}: ${message} [${errorClass}]`
}

/** What a model, or a person, has to know before trying again. */
function whatIsLeft(steps: readonly StepSummary[], { effect }: StepError): readonly string[] {
  if (steps.length === 0) return ["Nothing was called."]
  const unknown = leaves(steps.filter((step) => step.effect === "unknown"))
  if (unknown.length > 0)
    return [
      `It is not known whether this happened: ${unknown.join(", ")}. Look before trying again.`,
    ]
  const done = leaves(steps.filter((step) => step.effect === "done"))
  if (effect === "none" && done.length === 0) return ["Nothing was changed."]
  return [`What was done before is not undone: ${done.join(", ")}.`]
}

/** Without steps that are named by those inside them. */
const leaves = (steps: readonly StepSummary[]): readonly string[] =>
  steps.map(({ id }) => id).filter((id, _, ids) => !ids.some((other) => other.startsWith(`${id}/`)))
