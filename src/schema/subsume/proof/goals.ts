import type { Meter } from "../judge/meter.ts"
import type { Proof } from "./gap.ts"

/** Goals within goals. Each level is a level of the value, and values are not that deep. */
const depthMax = 48

export interface Goals {
  /** Proves the goal named `key` by `prove`, unless that is done already or under way. */
  reach(key: string, prove: () => Proof): Proof
}

/**
 * Keeps account of what is proved. Every goal is a claim about all values, and is reached from another goal only by a
 * step into the value: to a member, a member's name or an item. So a goal that is met again within its own proof may be
 * assumed: it is about a smaller value there, and values are finite. What was proved under an assumption is only
 * remembered once the goal that was assumed is itself proved.
 */
export function createGoals(meter: Meter): Goals {
  const proved = new Set<string>()
  const failed = new Map<string, Proof>()
  const open = new Map<string, number>()
  /** The outermost open goal that was assumed since. */
  let outermost = Infinity

  function attempt(key: string, prove: () => Proof): Proof {
    const level = open.size
    const before = outermost
    outermost = Infinity
    open.set(key, level)
    const gap = prove()
    open.delete(key)
    if (gap !== undefined) failed.set(key, gap)
    else if (outermost >= level) proved.add(key)
    outermost = Math.min(before, outermost >= level ? Infinity : outermost)
    return gap
  }

  return {
    reach(key, prove) {
      if (proved.has(key)) return
      const known = failed.get(key)
      if (known !== undefined) return known
      const level = open.get(key)
      if (level !== undefined) {
        outermost = Math.min(outermost, level)
        return
      }
      if (open.size >= depthMax)
        return { at: "", why: "the schemas are nested too deep to compare" }
      if (!meter.spend()) return outOfSteps
      return attempt(key, prove)
    },
  }
}

export const outOfSteps: Proof = {
  at: "",
  why: "the schemas are too entangled to compare within the limit of steps",
}
