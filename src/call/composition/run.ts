import type { Plan } from "../../compose/plan/plan.ts"
import { misfitOutput } from "../../compose/run/fault-words.ts"
import { unsupported } from "../../compose/run/outcome.ts"
import { resultOf } from "../../compose/run/result/composition-result.ts"
import { Timeline } from "../../compose/run/result/timeline.ts"
import { type RunOutcome, runPlan } from "../../compose/run/run-plan.ts"
import { refusalOf } from "../../compose/run/supported.ts"
import type { CatalogTool } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { refused } from "../backends.ts"
import type { Answer, InsideLine, Way } from "../call.ts"
import { type Caller, cacheScopeOf } from "../caller.ts"
import { valueFaults } from "../check-output.ts"
import { warn } from "../facts.ts"
import type { Permit } from "../permit.ts"
import type { Refusal } from "../refusal.ts"
import type { Full } from "../shares.ts"
import { runDurably } from "./durable/run-durably.ts"
import { createInvoke } from "./invoke.ts"
import { Teller } from "./teller.ts"

/** Asked for in the `_meta` of a call: when each step and each attempt began, and how long it took. */
const traceKey = "dev.postern/trace"

/** Runs a composition: its calls go the way of a call themselves, by what the composition may call. */
export async function runComposition(
  permit: Permit,
  input: JsonObject,
  way: Way,
  inside: InsideLine,
): Promise<Answer> {
  const { caller, tool } = permit
  const { compositions } = way.gateway
  const plan = compositions.planOf(tool)
  if (plan === undefined) return refused(unplanned(tool))
  if (plan.durable) {
    way.facts.note = { pattern: patternOf(tool) }
    const refusal = refusalOf(plan, compositions.limits, { durable: true })
    return refusal === undefined
      ? runDurably({ permit, plan, input, way, inside })
      : refused({ code: "composition_unsupported", tool: tool.name, words: refusal.message })
  }
  if (way.request.task !== undefined && way.request.era === "legacy") return noTask(tool)
  const full = compositions.enter(caller.principal)
  if (full !== undefined) return refused(tooManyRuns(tool, full))
  const runId = compositions.runId()
  const pattern = patternOf(tool)
  way.facts.note = { run: runId, pattern }
  let outcome: RunOutcome | undefined // stays undefined when a bug throws
  try {
    const timeline = wantsTrace(way) ? new Timeline(compositions.clock.now()) : undefined
    outcome = held(await run({ plan, input, caller, runId, timeline }, way, inside), tool, way)
    way.facts.note = { run: runId, pattern, ...failureNote(outcome) }
    return answerOf(outcome, { plan, tool, runId, timeline }, way)
  } finally {
    compositions.leave(caller.principal, { pattern, outcome: outcomeName(outcome) })
  }
}

const patternOf = ({ implementation }: CatalogTool): string =>
  implementation.kind === "composition" ? implementation.pattern : ""

const wantsTrace = ({ request }: Way): boolean => request.meta?.[traceKey] === true

interface Start {
  readonly plan: Plan
  readonly input: JsonObject
  readonly caller: Caller
  readonly runId: string
  readonly timeline: Timeline | undefined
}

function run(
  { plan, input, caller, runId, timeline }: Start,
  way: Way,
  inside: InsideLine,
): Promise<RunOutcome> {
  const { request, gateway } = way
  const { clock, limits, state, timeoutMs } = gateway.compositions
  const teller = new Teller(request, clock, timeline)
  teller.join(plan)
  const invoke = createInvoke({ way, caller, runId, teller, inside })
  return runPlan(
    plan,
    input,
    { clock, invoke },
    {
      runId,
      callerScope: cacheScopeOf(caller),
      state,
      schemas: gateway.schemas,
      limits,
      isChecked: isStrict(gateway.levels),
      deadlineMs: clock.now() + timeoutMs,
      ...(request.cancellation && { cancellation: request.cancellation }),
      ...(teller.isHeard && { onStep: (event) => teller.step(event) }),
    },
  )
}

/** What breaks its schema goes no further, on the way in or out. */
const isStrict = ({ inputValidation, outputValidation }: Way["gateway"]["levels"]): boolean =>
  inputValidation === "deny" && outputValidation === "deny"

/** The value of a run held to what the composition promises; a run that broke it has failed with all it did. */
function held(outcome: RunOutcome, tool: CatalogTool, { gateway, facts }: Way): RunOutcome {
  const level = gateway.levels.outputValidation
  if (!outcome.ok || level === "allow") return outcome
  const faults = valueFaults(outcome.value, tool, gateway.schemas)
  if (faults === undefined) return outcome
  if (level === "warn") {
    warn(facts, broken)
    return outcome
  }
  const { steps, notes } = outcome
  const hasEffect = steps.some(({ effect }) => effect !== "none")
  const at = new Date(gateway.compositions.clock.now()).toISOString()
  const how = { step: "", attempts: 0, at, effect: hasEffect ? "done" : "none" } as const
  return { ok: false, steps, notes, error: { ...misfitOutput(faults), ...how } }
}

const broken: readonly string[] = ["invalid_output"]

interface Ran {
  readonly plan: Plan
  readonly tool: CatalogTool
  readonly runId: string
  readonly timeline: Timeline | undefined
}

function answerOf(outcome: RunOutcome, { plan, tool, runId, timeline }: Ran, way: Way): Answer {
  if (!outcome.ok) {
    const { code, class: errorClass, message } = outcome.error
    const isBegun = outcome.steps.length > 0
    if (code === unsupported && !isBegun)
      return refused({ code: "composition_unsupported", tool: tool.name, words: message })
    if (errorClass === "cancelled" && way.request.cancellation?.isCancelled)
      return refused({ code: "cancelled", reason: message, fate: isBegun ? "lost" : "unsent" })
  }
  const isStructured = tool.shown.outputSchema !== undefined
  const status = outcome.ok ? "completed" : "failed"
  const result = resultOf(plan, outcome, { runId, status, isStructured, timeline })
  return { kind: "result", result }
}

const failureNote = (outcome: RunOutcome): JsonObject =>
  outcome.ok ? {} : { failed: { step: outcome.error.step, class: outcome.error.class } }

function outcomeName(outcome: RunOutcome | undefined): string {
  if (outcome === undefined) return "bug"
  return outcome.ok ? "completed" : outcome.error.class
}

/** Compositions without a plan are unavailable, and refused before: this one is not met. */
const unplanned = ({ name }: CatalogTool): Refusal => ({
  code: "backend_unavailable",
  subject: name,
  reason: "the composition has no plan",
  fate: "unsent",
})

/** Only durable runs are tasks (MCP 2025-11-25, Tasks: -32601 where a tool takes none). */
const noTask = ({ name }: CatalogTool): Answer => ({
  kind: "error",
  error: { code: -32601, message: `${name} takes no task: call it without` },
})

const tooManyRuns = ({ name }: CatalogTool, full: Full): Refusal => ({
  code: "overloaded",
  subject: name,
  reason:
    full === "all"
      ? "as many compositions are running as may (limits.runs)"
      : "as many compositions of this caller are running as may (limits.runsPerCaller)",
  retryAfterMs: 1_000,
  fate: "unsent",
})
