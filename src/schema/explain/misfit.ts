import type { ErrorObject } from "ajv"
import { keysOf } from "../json.ts"
import { appliedBelow, type Landscape, schemaOf, subschemaAt } from "./landscape.ts"

/** An error, and beneath one of `anyOf` or `oneOf` the errors of each branch. */
export interface Misfit {
  readonly error: ErrorObject
  readonly branches: readonly (readonly Misfit[])[]
}

/**
 * Ajv lists the errors of branches flat, before the error of the `anyOf` they belong to. This puts them back under it,
 * told by their schemas: an error belongs to a branch if that branch applies its schema at its place.
 */
export function gather(errors: readonly ErrorObject[], landscape: Landscape): readonly Misfit[] {
  const open: Misfit[] = []
  for (const error of errors) {
    const { keyword } = error
    // What `then` or `else` found is listed itself, before.
    if (keyword === "if" && open.length > 0) continue
    if (keyword === "anyOf" || keyword === "oneOf") open.push(close(error, open, landscape))
    else {
      if (keyword === "contains") takeBackItems(open, error, landscape)
      if (keyword === "propertyNames") takeBackNames(open)
      open.push({ error, branches: [] })
    }
  }
  return open
}

/** Why each single item is not what `contains` asks for says less than that none is. */
function takeBackItems(open: Misfit[], error: ErrorObject, landscape: Landscape): void {
  const wanted = subschemaAt(landscape, schemaOf(landscape, error), "contains")
  takeBack(open, createMembership(error, [wanted], { levels: 1 }, landscape), [0])
}

function takeBackNames(open: Misfit[]): void {
  while (open.at(-1)?.error.propertyName !== undefined) open.pop()
}

function close(error: ErrorObject, open: Misfit[], landscape: Landscape): Misfit {
  const index = schemaOf(landscape, error)
  const count = Array.isArray(error.schema) ? error.schema.length : 0
  const roots = Array.from({ length: count }, (_, branch) =>
    subschemaAt(landscape, index, error.keyword, branch),
  )
  const branches: Misfit[][] = roots.map(() => [])
  let current = 0
  // Branches are tried in order, so the branch only ever moves on; an error seen twice is that of a twin branch.
  const isOfBranch = createMembership(error, roots, { levels: 0 }, landscape)
  for (const { misfit, candidates } of takeBack(open, isOfBranch, [...roots.keys()])) {
    const isTwin = branches[current]?.some((other) => isSame(other.error, misfit.error))
    const next = candidates.find((branch) => (isTwin ? branch > current : branch >= current))
    current = next ?? current
    branches[current]?.push(misfit)
  }
  return { error, branches }
}

interface Taken {
  readonly misfit: Misfit
  /** The branches it may be of. */
  readonly candidates: readonly number[]
}

/** Takes from the end of `open` what belongs to one of the branches. */
function takeBack(
  open: Misfit[],
  isOfBranch: Membership,
  branches: readonly number[],
): readonly Taken[] {
  const taken: Taken[] = []
  for (let misfit = open.at(-1); misfit !== undefined; misfit = open.at(-1)) {
    const { error } = misfit
    const candidates = branches.filter((branch) => isOfBranch(branch, error))
    if (candidates.length === 0) break
    taken.unshift({ misfit, candidates })
    open.pop()
  }
  return taken
}

type Membership = (branch: number, error: ErrorObject) => boolean

/** Whether `roots[branch]` is what found an error; it was applied `levels` below the place that `base` is about. */
function createMembership(
  base: ErrorObject,
  roots: readonly (number | undefined)[],
  { levels }: { readonly levels: number },
  landscape: Landscape,
): Membership {
  const known = new Map<string, Set<number>>()
  return (branch, error) => {
    const root = roots[branch]
    const { instancePath } = error
    const way = instancePath.slice(base.instancePath.length)
    const isBelow = instancePath.startsWith(base.instancePath) && (way === "" || way[0] === "/")
    if (root === undefined || !isBelow) return false
    const keys = keysOf(way)
    if (keys.length < levels) return false
    const key = `${branch}${way}`
    const set = known.get(key) ?? appliedBelow(landscape, [root], keys.slice(levels))
    known.set(key, set)
    return set.has(schemaOf(landscape, error))
  }
}

function isSame(left: ErrorObject, right: ErrorObject): boolean {
  return (
    left.keyword === right.keyword &&
    left.instancePath === right.instancePath &&
    left.parentSchema === right.parentSchema &&
    nameIn(left) === nameIn(right)
  )
}

/** The property an error is about that is not at its place. */
export function nameIn({ params }: ErrorObject): string | undefined {
  const name: unknown =
    params["missingProperty"] ?? params["additionalProperty"] ?? params["unevaluatedProperty"]
  return typeof name === "string" ? name : undefined
}
