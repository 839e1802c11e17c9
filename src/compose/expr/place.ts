import type { Report } from "../../registry/problem.ts"
import { segment } from "../../schema/json.ts"
import { nearest } from "../../schema/nearest.ts"

/** Takes the pointers of expressions and nodes, as of `Place.pointer`. What nobody wrote is not told. */
export interface Written {
  set(part: object, pointer: string): void
}

/** Where an expression stands, while it is compiled. */
export interface Place {
  /** The graph around it; undefined outside of all. */
  readonly level: Level | undefined
  /** What is called `input` here: inside a wrapper, the input of the step that it was folded into. */
  readonly input: "input" | "self"
  /** Of the value, into the canonical spec. */
  readonly pointer: string
  /** What is looked at was written in another form: its members have no pointers of their own. */
  readonly isRespelt?: true
  readonly report: Report
  /** Where parts of the plan are written, for whoever has something to say of them later. */
  readonly written?: Written
}

/** One graph, as one of its steps sees it. */
export interface Level {
  /** Each id that can be named, and the index of its step. None where the graph was not written by the author. */
  readonly ids: ReadonlyMap<string, number>
  /** Steps before this index can be read. */
  readonly before: number
  readonly outer: Level | undefined
  /** Ids that the step named, itself or from inside of what it holds. */
  readonly mentioned: Set<string>
}

/** The place of a member. */
export const inside = <P extends Place>(place: P, key: string | number): P =>
  place.isRespelt ? place : { ...place, pointer: place.pointer + segment(key) }

/** A graph around which nothing can be named, such as the one a wrapper nests in. */
export const unnamed = (outer: Level | undefined): Level => ({
  ids: new Map(),
  before: 0,
  outer,
  mentioned: new Set(),
})

interface Found {
  readonly step: string
  readonly up: number
}

/** The step that `id` names: in its own graph, then outwards. The step that holds the expression comes to wait for it. */
export function findStep(id: string, { level, pointer, report }: Place): Found | undefined {
  let up = 0
  for (let at = level; at !== undefined; at = at.outer) {
    const index = at.ids.get(id)
    if (index !== undefined && index < at.before) {
      at.mentioned.add(id)
      return { step: id, up }
    }
    up++
  }
  const near = nearest(
    id,
    stepsInSight(level).map(({ step }) => step),
  )
  report({
    code: "step_not_found",
    severity: "error",
    pointer,
    message: `there is no earlier step ${JSON.stringify(id.slice(0, 64))}`,
    ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
  })
  return
}

/** Every step that could be named here, nearer ones first; an inner id hides the same one further out. */
export function stepsInSight(level: Level | undefined): readonly Found[] {
  const found = new Map<string, Found>()
  let up = 0
  for (let at = level; at !== undefined; at = at.outer) {
    for (const [step, index] of at.ids)
      if (index < at.before && !found.has(step)) found.set(step, { step, up })
    up++
  }
  return [...found.values()]
}
