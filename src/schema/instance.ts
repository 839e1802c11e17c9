import { isObject } from "./json.ts"

export interface InstanceLimits {
  readonly depthMax: number
  /** Values of every kind, the whole included. */
  readonly nodesMax: number
  /** Characters of all strings and keys. */
  readonly charsMax: number
}

/** What an instance weighs. */
export interface Weight {
  nodes: number
  chars: number
  depth: number
}

interface Walk extends Weight {
  readonly limits: InstanceLimits
}

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
