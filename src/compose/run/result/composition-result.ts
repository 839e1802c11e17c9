import { isObject, type Json, type JsonObject } from "../../../schema/json.ts"
import type { Plan } from "../../plan/plan.ts"
import { textOf } from "../../text.ts"
import { type StepError, unsupported } from "../outcome.ts"
import type { StepSummary } from "../report.ts"
import type { RunOutcome } from "../run-plan.ts"
import { refusalCodes } from "./refusal-codes.ts"
import { runMeta } from "./run-meta.ts"
import type { Timeline } from "./timeline.ts"

export interface ResultOptions {
  readonly runId: string
  /** The composition has an output schema, so it owes structured content. */
  readonly isStructured: boolean
  /** Where the caller asked how the run went in time. */
  readonly timeline?: Timeline | undefined
}

/** A composition's outcome as the result of a tool (compositions §6.2), in the terms of MCP 2026-07-28. */
export function resultOf(plan: Plan, outcome: RunOutcome, options: ResultOptions): JsonObject {
  const { runId, timeline } = options
  const meta = runMeta(plan, outcome, runId, timeline)
  if (!outcome.ok) return failed(plan, outcome, runId, meta)
  const { raw, value } = outcome
  if (raw === undefined) return { ...written(value), _meta: meta }
  const own = raw["_meta"]
  const isOwed = options.isStructured && raw["structuredContent"] === undefined
  return {
    ...raw,
    ...(isOwed && { structuredContent: value }),
    _meta: { ...(isObject(own) && own), ...meta },
  }
}

const written = (value: Json): JsonObject => ({
  content: [{ type: "text", text: shownAs(value) ?? "(nested too deep for a text)" }],
  structuredContent: value,
})

const shownAs = (value: Json): string | undefined => (value === null ? "null" : textOf(value))

const refusalKey = "dev.postern/refusal"

function failed(
  { tool }: Plan,
  { error, steps }: RunOutcome & { ok: false },
  runId: string,
  meta: JsonObject,
): JsonObject {
  const lines = [why(tool.name, error), ...whatIsLeft(steps, error), `Run ${runId}.`]
  return {
    content: [{ type: "text", text: lines.join("\n") }],
    isError: true,
    _meta: { [refusalKey]: { code: codeOf(error) }, ...meta },
  }
}

const codeOf = ({ class: errorClass, code }: StepError): string =>
  code === unsupported ? "composition_unsupported" : refusalCodes[errorClass]

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
function whatIsLeft(steps: readonly StepSummary[], error: StepError): readonly string[] {
  if (steps.length === 0) return ["Nothing was called."]
  const unknown = leaves(steps.filter((step) => step.effect === "unknown"))
  if (unknown.length > 0)
    return [
      `It is not known whether this happened: ${unknown.join(", ")}. Look before trying again.`,
    ]
  const done = leaves(steps.filter((step) => step.effect === "done"))
  if (error.effect === "none" && done.length === 0) return [nothingChanged(error)]
  return [`What was done before is not undone: ${done.join(", ")}.`]
}

/** A tool that was asked and says that it failed may have done a part: nobody but itself knows. */
const nothingChanged = ({ class: errorClass }: StepError): string =>
  errorClass === "tool"
    ? "Nothing was changed, as far as the tool that failed says."
    : "Nothing was changed."

/** Without steps that are named by those inside them. */
const leaves = (steps: readonly StepSummary[]): readonly string[] =>
  steps.map(({ id }) => id).filter((id, _, ids) => !ids.some((other) => other.startsWith(`${id}/`)))
