import { isObject, type Json, type JsonObject } from "../../../schema/json.ts"
import type { Plan } from "../../plan/plan.ts"
import { textOf } from "../../text.ts"
import { type StepError, unsupported } from "../outcome.ts"
import type { StepSummary } from "../report.ts"
import type { RunOutcome } from "../run-plan.ts"
import { refusalCodes } from "./refusal-codes.ts"
import { type RunMark, runMeta } from "./run-meta.ts"

export interface ResultOptions extends RunMark {
  /** The composition has an output schema, so it owes structured content. */
  readonly isStructured: boolean
}

/** A composition's outcome as the result of a tool (compositions §6.2), in the terms of MCP 2026-07-28. */
export function resultOf(plan: Plan, outcome: RunOutcome, options: ResultOptions): JsonObject {
  const meta = runMeta(plan, outcome, options)
  if (!outcome.ok) return failed(plan, outcome, options, meta)
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
  { runId, status }: RunMark,
  meta: JsonObject,
): JsonObject {
  const left = status === "compensated" ? whatIsUndone(steps) : whatIsLeft(steps, error)
  const lines = [why(tool.name, error), ...left, `Run ${runId}.`]
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

/** Of a saga that went back. */
function whatIsUndone(steps: readonly StepSummary[]): readonly string[] {
  const undone = leaves(steps.filter(({ status }) => status === "undone"))
  const kept = leaves(
    steps.filter(({ status, effect }) => status !== "undone" && effect === "done"),
  )
  const unclear = leaves(steps.filter(({ effect }) => effect === "unknown"))
  if (undone.length + kept.length + unclear.length === 0) return ["Nothing was changed."]
  return [
    ...(undone.length > 0 ? [`What was done has been undone: ${undone.join(", ")}.`] : []),
    ...(kept.length > 0 ? [`Not undone, because nothing undoes it: ${kept.join(", ")}.`] : []),
    ...(unclear.length > 0
      ? [`Nobody knows whether this happened before it was undone: ${unclear.join(", ")}.`]
      : []),
  ]
}

/** A tool that was asked and says that it failed may have done a part: nobody but itself knows. */
const nothingChanged = ({ class: errorClass }: StepError): string =>
  errorClass === "tool"
    ? "Nothing was changed, as far as the tool that failed says."
    : "Nothing was changed."

/** Without steps that are named by those inside them. */
const leaves = (steps: readonly StepSummary[]): readonly string[] =>
  steps.map(({ id }) => id).filter((id, _, ids) => !ids.some((other) => other.startsWith(`${id}/`)))
