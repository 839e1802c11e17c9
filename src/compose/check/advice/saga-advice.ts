import type { Problem, Severity } from "../../../registry/problem.ts"
import { rootsNamed } from "../../../registry/spec/expression.ts"
import { kinds } from "../../../schema/subsume/clauses/kinds.ts"
import type { Anatomy } from "../../../schema/types/anatomy.ts"
import { type Part, unknown } from "../../../schema/types/type.ts"
import { readSource } from "../../expr/cel-source.ts"
import { isRepeatable } from "../../plan/effect.ts"
import { measure } from "../../plan/measure.ts"
import type { Effect, Graph, Step } from "../../plan/plan.ts"
import { effectOfNode } from "./node-effect.ts"

interface Place {
  readonly pointer: string
  readonly pointerOf: (part: object) => string | undefined
  /** What its id is made of. */
  readonly id: Part | undefined
}

/** What keeps a saga from undoing what it did, or lets it do it twice. */
export function* sagaAdvice(graph: Graph, place: Place, anatomy: Anatomy): Generator<Problem> {
  yield* idAdvice(graph, place, anatomy)
  const pivot = graph.steps.findIndex((step) => step.pivot === true)
  for (const [index, step] of graph.steps.entries()) {
    const pointer = place.pointerOf(step.node) ?? place.pointer
    const isBefore = pivot === -1 || index < pivot
    const isLast = index === graph.steps.length - 1
    yield* undoAdvice(step, { isBefore, isLast }, pointer)
    yield* policyAdvice(step, pointer)
    yield* probeAdvice(step, place)
  }
}

const called = ({ id }: Step) => `step ${JSON.stringify(id)}`

function* idAdvice(graph: Graph, { id, pointer }: Place, anatomy: Anatomy): Generator<Problem> {
  const code = "saga_id"
  if (id === undefined) {
    if (measure(graph).effect === "read") return
    const message = "a call that is made again runs the saga again, because it has no id"
    yield { code, severity: "warn", pointer, message, hint: "name it with sagaIdPath" }
    return
  }
  if (id.type === unknown || id.presence === "never") return
  if (id.presence === "maybe")
    yield {
      code,
      severity: "error",
      pointer: `${pointer}/saga/sagaIdPath`,
      message: "the id of the saga may be absent",
      hint: "require it in the inputSchema",
    }
  if ((anatomy.kindsOf(id.type) & (kinds.string | kinds.integer)) === 0)
    yield {
      code,
      severity: "error",
      pointer: `${pointer}/saga/sagaIdPath`,
      message: "the id of the saga is a string or an integer, and this is never one",
    }
}

interface Turn {
  /** Before the pivot, or there is none. */
  readonly isBefore: boolean
  readonly isLast: boolean
}

function* undoAdvice(step: Step, { isBefore, isLast }: Turn, pointer: string): Generator<Problem> {
  const { undo, node } = step
  if (undo !== undefined && !isBefore)
    yield {
      code: "saga_pivot",
      severity: "warn",
      pointer,
      message: `the compensation of ${called(step)} never runs: from the pivot on the saga only goes forward`,
      hint: "leave it out, or move the pivot",
    }
  else if (undo !== undefined && !isRepeatable(undo.effect))
    yield {
      code: "saga_compensation_unproven",
      severity: "warn",
      pointer,
      message: `the compensation of ${called(step)} may be called more than once, and nothing says that it may`,
      hint: "say in the annotations of the tool that it is idempotent, or how it takes a key",
    }
  const isEffectful = node.kind !== "approve" && effectOfNode(node) !== "read"
  if (undo === undefined && isBefore && !isLast && isEffectful)
    yield {
      code: "saga_no_compensation",
      severity: "warn",
      pointer,
      message: `nothing undoes ${called(step)} when a later step fails`,
      hint: "give it a compensate, or make it the pivot",
    }
}

function* policyAdvice(step: Step, pointer: string): Generator<Problem> {
  const { cache, once, detached } = step.policies
  const effect = effectOfNode(step.node)
  const names = Object.entries({ cache, once, detached }).filter(([, policy]) => policy)
  for (const [name] of names)
    yield* notFor(effect, pointer, `${name} does not go with ${called(step)} of a saga`)
  if (typeof step.onUnknown !== "object") return
  const probe = effectOfNode(step.onUnknown.probe)
  yield* notFor(probe, pointer, `the probe of ${called(step)} may only look`)
}

/** Whatever the probe finds, the answer would be the same. */
function* probeAdvice(step: Step, { pointer, pointerOf }: Place): Generator<Problem> {
  if (typeof step.onUnknown !== "object") return
  const { done } = step.onUnknown
  const ast = done.kind === "cel" ? readSource(done.source)?.program.ast : undefined
  const roots = ast === undefined ? ["item"] : rootsNamed(ast)
  if (roots.includes("item")) return
  const self = "self is what the step was called with; "
  yield {
    code: "saga_probe",
    severity: "warn",
    pointer: pointerOf(done) ?? pointer,
    message: `the probe of ${called(step)} is asked in vain: done never looks at item, which is what the probe gave`,
    hint: `${roots.includes("self") ? self : ""}write item, such as item.found == true`,
  }
}

/** An error where an effect is known, a warning where nothing is known of it. */
function* notFor(effect: Effect, pointer: string, message: string): Generator<Problem> {
  if (effect === "read") return
  const isKnown = effect === "effect"
  const severity: Severity = isKnown ? "error" : "warn"
  yield {
    code: "saga_policy",
    severity,
    pointer,
    message: `${message}: it ${isKnown ? "has an effect" : "may have an effect"}`,
    hint: isKnown ? "leave it out" : "say in the annotations of the tool that it only reads",
  }
}
