import { isObject, type Json, member } from "../../schema/json.ts"
import { nearest } from "../../schema/nearest.ts"
import { type At, refuse } from "./reading.ts"
import { isList } from "./values.ts"

/** The steps of a pipeline or saga as one place in it sees them, and those of what encloses it. */
export interface Steps {
  /** Each id and the index of the first step that has it. */
  readonly ids: ReadonlyMap<string, number>
  /** Steps before this index have run: they can be referred to. */
  readonly before: number
  readonly outer: Steps | undefined
}

/** The steps in an array as written, all of them readable, as a pipeline's `output` sees them. */
export function stepsIn(raw: Json | undefined, outer: Steps | undefined): Steps {
  return { ids: idsIn(raw), before: Number.POSITIVE_INFINITY, outer }
}

/** Each `id` in an array of steps or targets, with the index of the first that has it. */
export function idsIn(raw: Json | undefined): ReadonlyMap<string, number> {
  const ids = new Map<string, number>()
  if (!isList(raw)) return ids
  raw.forEach((step, index) => {
    const id = isObject(step) ? member(step, "id") : undefined
    if (typeof id === "string" && !ids.has(id)) ids.set(id, index)
  })
  return ids
}

/** Reports an id that an earlier element of the same array has. */
export function checkUnique(
  raw: Json,
  at: At,
  { ids, index }: { readonly ids: ReadonlyMap<string, number>; readonly index: number },
): void {
  const id = isObject(raw) ? member(raw, "id") : undefined
  if (typeof id !== "string" || ids.get(id) === index) return
  const there = { ...at, pointer: `${at.pointer}/id` }
  refuse(there, "step_duplicate", `another step has the id ${quoted(id)}`, "give each its own id")
}

export type Sight = "readable" | "later" | "unknown"

/** Whether a reference to `id` finds a step that has run: in its own pipeline or saga, then outwards. */
export function sight(steps: Steps | undefined, id: string): Sight {
  for (let here = steps; here !== undefined; here = here.outer) {
    const index = here.ids.get(id)
    if (index !== undefined) return index < here.before ? "readable" : "later"
  }
  return "unknown"
}

/** Reports, at `at`, a reference to a step that is not there or has not run. */
export function checkReference(id: string, at: At): void {
  const seen = sight(at.steps, id)
  if (seen === "later")
    refuse(
      at,
      "step_order",
      `step ${quoted(id)} has not run when this is read`,
      "refer to a step that stands earlier",
    )
  if (seen === "unknown") {
    const readable = readableIds(at.steps)
    const meant = nearest(id, readable)
    const known = readable.length === 0 ? undefined : `earlier steps: ${readable.join(", ")}`
    const hint = meant === undefined ? known : `did you mean ${meant}?`
    refuse(at, "step_not_found", `there is no step ${quoted(id)}`, hint)
  }
}

/** As many as a hint can hold: a pipeline may have thousands. */
const shownMax = 20

function readableIds(steps: Steps | undefined): string[] {
  const readable: string[] = []
  for (let here = steps; here !== undefined; here = here.outer)
    for (const [id, index] of here.ids) {
      if (readable.length === shownMax) return readable
      if (index < here.before) readable.push(id)
    }
  return readable
}

const quoted = (id: string) => JSON.stringify(id.slice(0, 64))
