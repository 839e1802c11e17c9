import { isObject, segment } from "./json.ts"

export interface InstanceLimits {
  readonly depthMax: number
  /** Values of every kind, the whole included. */
  readonly nodesMax: number
  /** Characters of all strings and keys. */
  readonly charsMax: number
}

export const instanceLimits: InstanceLimits = {
  depthMax: 64,
  nodesMax: 100_000,
  charsMax: 4 * 1024 * 1024,
}

/** Why an instance is not worth a validator's time. */
export interface InstanceFinding {
  readonly code: "too_deep" | "too_large" | "forbidden_key" | "malformed_text"
  /** JSON Pointer into the instance. */
  readonly at: string
  readonly message: string
}

/** What an instance weighs. */
export interface Weight {
  nodes: number
  chars: number
  depth: number
}

/**
 * Whether a value from outside can be worked with: not deeper or larger than `limits`, no member named `__proto__`, no
 * half surrogate pairs. Returns the first finding. A value without end is too deep.
 */
export function guardInstance(
  value: unknown,
  limits: InstanceLimits = instanceLimits,
): InstanceFinding | undefined {
  return guard(value, 0, { limits, nodes: 0, chars: 0, depth: 0 })
}

interface Walk extends Weight {
  readonly limits: InstanceLimits
}

function guard(value: unknown, depth: number, walk: Walk): InstanceFinding | undefined {
  const { nodesMax, charsMax, depthMax } = walk.limits
  walk.nodes++
  if (walk.nodes > nodesMax)
    return { code: "too_large", at: "", message: `more than ${nodesMax} values` }
  if (typeof value === "string") {
    walk.chars += value.length
    if (!value.isWellFormed())
      return { code: "malformed_text", at: "", message: "a string with half a surrogate pair" }
  }
  if (walk.chars > charsMax)
    return { code: "too_large", at: "", message: `more than ${charsMax} characters of text` }
  if (typeof value !== "object" || value === null) return
  if (depth === depthMax)
    return { code: "too_deep", at: "", message: `more than ${depthMax} levels` }
  return Array.isArray(value) ? guardItems(value, depth, walk) : guardMembers(value, depth, walk)
}

function guardItems(
  items: readonly unknown[],
  depth: number,
  walk: Walk,
): InstanceFinding | undefined {
  for (let index = 0; index < items.length; index++) {
    const finding = guard(items[index], depth + 1, walk)
    if (finding !== undefined) return below(index, finding)
  }
  return
}

function guardMembers(object: object, depth: number, walk: Walk): InstanceFinding | undefined {
  for (const [key, value] of Object.entries(object)) {
    walk.chars += key.length
    if (key === "__proto__")
      return { code: "forbidden_key", at: segment(key), message: "a member named __proto__" }
    if (!key.isWellFormed())
      return { code: "malformed_text", at: "", message: "a key with half a surrogate pair" }
    const finding = guard(value, depth + 1, walk)
    if (finding !== undefined) return below(key, finding)
  }
  return
}

/** The finding seen from one level up. What is wrong with the whole is not wrong with a place in it. */
const below = (key: string | number, finding: InstanceFinding): InstanceFinding =>
  finding.code === "too_large" ? finding : { ...finding, at: segment(key) + finding.at }

/**
 * The weight of a value, as far as that is no more than `limits`: the walk ends at the first value beyond them, and
 * with it the count, which then exceeds its limit.
 */
export function weigh(value: unknown, limits: InstanceLimits): Weight {
  const walk: Walk = { limits, nodes: 0, chars: 0, depth: 0 }
  add(value, 0, walk)
  const { nodes, chars, depth } = walk
  return { nodes, chars, depth }
}

/** Returns whether the walk may go on. */
function add(value: unknown, depth: number, walk: Walk): boolean {
  walk.nodes++
  if (depth > walk.depth) walk.depth = depth
  if (typeof value === "string") walk.chars += value.length
  if (exceeds(walk, walk.limits)) return false
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++)
      if (!add(value[index], depth + 1, walk)) return false
  } else if (isObject(value)) {
    for (const key in value) {
      walk.chars += key.length
      if (!add(value[key], depth + 1, walk)) return false
    }
  }
  return true
}

export const exceeds = (weight: Weight, limits: InstanceLimits): boolean =>
  weight.nodes > limits.nodesMax || weight.chars > limits.charsMax || weight.depth > limits.depthMax
