import { eitherPart } from "../../schema/types/anatomy.ts"
import { constantType, notThere, type Part, unknown } from "../../schema/types/type.ts"

/** What an expression can see, as types: what `Scope` is for values. What is not in scope is not there. */
export interface TypeScope {
  readonly frame: TypeFrame
  readonly self?: Part
  readonly item?: Part
  readonly error?: Part
}

export interface TypeFrame {
  readonly input: Part
  /** The steps that have settled. */
  readonly steps: ReadonlyMap<string, StepType>
  readonly outer?: TypeFrame
}

export interface StepType {
  /** When it ran. */
  readonly value: Part
  /** It may have been skipped, or have failed without ending its graph. */
  readonly mayMiss: boolean
}

/** What others see of a step. */
export const seenOf = ({ value, mayMiss }: StepType): Part =>
  mayMiss ? eitherPart([value, notThere]) : value

/** The step of the graph `up` levels outwards. */
export function stepIn(frame: TypeFrame, step: string, up: number): StepType | undefined {
  let at: TypeFrame | undefined = frame
  for (let level = up; level > 0 && at !== undefined; level--) at = at.outer
  return at?.steps.get(step)
}

/** What is seen where a value is null instead of absent. Of what nothing is known, not even that. */
export function orNull({ type, presence }: Part): Part {
  if (presence === "always" || type === unknown) return { type, presence: "always" }
  return presence === "never" ? nullPart : eitherPart([{ type, presence: "always" }, nullPart])
}

const nullPart: Part = { type: constantType(null), presence: "always" }
