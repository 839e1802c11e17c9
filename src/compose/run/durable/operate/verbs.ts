import { isList, isObject, type Json, type JsonObject } from "../../../../schema/json.ts"
import type { Plan } from "../../../plan/plan.ts"
import type { OpenQuestion } from "../answering.ts"
import type { RunRecord } from "../record.ts"
import type { RunState } from "../state.ts"
import type { RunStatus } from "../status.ts"
import type { StepState } from "../step-state.ts"
import { pivotsOf, stepAt } from "./plan-step.ts"
import { answerable, questionFor } from "./questions.ts"

/** What an operator can do with a run (compositions §10.5), in the order in which it is offered. */
export const verbs = [
  "answer",
  "resume",
  "retry-step",
  "skip-step",
  "compensate",
  "cancel",
  "abandon",
] as const

export type Verb = (typeof verbs)[number]

export interface Operation {
  readonly verb: Verb
  /** The path of a step: of `retry-step` and `skip-step`, and of `answer` where more than one asks. */
  readonly step?: string
  readonly operator: string
  readonly reason: string
  /** Of `skip-step`. */
  readonly output?: Json
  /** Of `compensate`. */
  readonly force?: true
  /** Of `answer`. */
  readonly action?: "accept" | "decline"
  /** Of what is accepted. */
  readonly content?: JsonObject
}

/** A run as it stands, and the plan that it is pinned to. */
export interface Standing {
  readonly nowMs: number
  readonly record: RunRecord
  readonly state: RunState
  readonly plan: Plan
}

type Asked = Pick<Operation, "verb" | "step" | "force" | "action">

/** What can be asked for, besides by whom and why. */
export interface Possible extends Asked {
  /** What has to be said with it. */
  readonly needs?: readonly ["content"]
  /** What may be said with it. */
  readonly takes?: readonly ["content" | "output"]
}

const from: { readonly [verb in Verb]: readonly RunStatus[] } = {
  resume: ["parked"],
  "retry-step": ["parked"],
  "skip-step": ["parked"],
  compensate: ["parked", "running", "waiting"],
  cancel: ["running", "waiting"],
  answer: ["waiting"],
  abandon: ["parked"],
}

/** Why the verb cannot be had now, with what can be; undefined when it can. */
export function whyNot(asked: Asked, standing: Standing): string | undefined {
  const { status } = standing.state
  const legal = from[asked.verb]
  if (!legal.includes(status))
    return `${asked.verb} is for a run that is ${legal.join(" or ")}, and this one is ${status}${hints[status] ?? ""}`
  switch (asked.verb) {
    case "compensate":
      return whyNoWayBack(asked, standing)
    case "cancel":
      return whyNotCancelled(standing)
    case "answer":
      return whyNotAnswered(asked, standing)
    case "retry-step":
    case "skip-step":
      return whyNotAtStep({ verb: asked.verb, step: asked.step ?? "" }, standing)
    default:
      return
  }
}

const hints: { readonly [status in RunStatus]?: string } = {
  running: "; cancel or compensate stops it",
  compensating: "; nothing stops it: wait until it is compensated or parked",
  completed: ": it has ended",
  compensated: ": it has ended",
  failed: ": it has ended",
  abandoned: ": it has ended",
}

function whyNoWayBack({ force }: Asked, standing: Standing): string | undefined {
  const { plan, state } = standing
  if (plan.root.kind !== "saga")
    return `${plan.tool.name} is no saga, and nothing undoes it; cancel stops one that runs, abandon ends one that is parked`
  if (force === true) return
  if (state.parkedFrom === "compensating")
    return "it goes back already; resume or retry-step tries again what could not be undone"
  const pivot = passedPivot(standing)
  if (pivot !== undefined)
    return `step ${pivot} is the point of no return, and ${hasHappened(state.step(pivot))}; undo the others all the same with --force`
  return
}

function whyNotCancelled(standing: Standing): string | undefined {
  const pivot = passedPivot(standing)
  if (pivot === undefined) return
  return `step ${pivot} is the point of no return, and ${hasHappened(standing.state.step(pivot))}: it goes on to its end`
}

function whyNotAnswered({ step }: Asked, standing: Standing): string | undefined {
  const question = questionFor(step, standing)
  return typeof question === "string" ? question : undefined
}

const hasHappened = (step: Readonly<StepState> | undefined): string =>
  step?.standing === "done" ? "is done" : "may be done"

/** A pivot that is done, or of which nobody knows. */
export const passedPivot = ({
  plan,
  state,
}: Pick<Standing, "plan" | "state">): string | undefined =>
  pivotsOf(plan.root).find((path) => {
    const { standing } = state.step(path) ?? {}
    return standing === "done" || standing === "started" || standing === "unknown"
  })

type AtStep = { readonly verb: "retry-step" | "skip-step"; readonly step: string }

function whyNotAtStep(asked: AtStep, { plan, state }: Standing): string | undefined {
  const { verb, step: path } = asked
  const known = state.step(path)
  if (known === undefined && stepAt(plan.root, path) === undefined)
    return `there is no step ${JSON.stringify(path)}; its steps are ${pathsOf({ plan, state }).join(", ")}`
  if (known?.undo !== undefined)
    return known.undo.standing === "undone" ? `step ${path} is undone already` : undefined
  const standing = known?.standing ?? "pending"
  if (standing === "unknown") return
  if (state.parkedFrom === "compensating" || state.isBack(path))
    return `step ${path} is ${standing}, and the run goes back: only what could not be undone, or what nobody knows, can be settled`
  if (standing === "failed") return
  if (verb === "skip-step" && (standing === "pending" || known?.isForced === true)) return
  return `step ${path} is ${standing}: there is nothing to ${verb === "retry-step" ? "try again" : "skip"}`
}

/** Of the steps that are known, and of those that the plan begins with. */
const pathsOf = ({ plan, state }: Pick<Standing, "plan" | "state">): readonly string[] => [
  ...new Set([
    ...plan.root.steps.map(({ id }) => id),
    ...[...state.steps.keys()].filter((path) => !/[~?!]/.test(path)),
  ]),
]

/** What can be done with the run as it stands; of its steps, with those that it is parked for. */
export function* possible(standing: Standing): Generator<Possible> {
  for (const asked of [...verbs.flatMap((verb) => askable(verb, standing)), forced])
    if (whyNot(asked, standing) === undefined && (asked !== forced || isForceful(standing)))
      yield asked
}

const forced: Possible = { verb: "compensate", force: true }

/** Where going back needs force. */
const isForceful = (standing: Standing): boolean =>
  passedPivot(standing) !== undefined && whyNot({ verb: "compensate" }, standing) !== undefined

function askable(verb: Verb, standing: Standing): readonly Possible[] {
  if (verb === "answer") return answerable(standing).flatMap(answersTo)
  if (verb !== "retry-step" && verb !== "skip-step") return [{ verb }]
  return [...standing.state.steps].flatMap(([step, { standing, undo }]) => {
    const isTroubled = standing === "failed" || standing === "unknown" || undo !== undefined
    if (!isTroubled || /[~?!]/.test(step)) return []
    // A compensation has no output.
    return verb === "skip-step" && undo === undefined
      ? { verb, step, takes: ["output"] }
      : { verb, step }
  })
}

/** Where content is asked for, only what is accepted has any. */
function answersTo({ path: step, schema }: OpenQuestion): readonly Possible[] {
  const verb = "answer"
  const accept: Possible = { verb, step, action: "accept", ...contentOf(schema) }
  return [accept, { verb, step, action: "decline" }]
}

function contentOf(schema: Json | undefined): Pick<Possible, "needs" | "takes"> {
  if (!isObject(schema) || !isObject(schema["properties"])) return {}
  const { required } = schema
  return isList(required) && required.length > 0 ? { needs: ["content"] } : { takes: ["content"] }
}
