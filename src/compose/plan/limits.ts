import type { Place } from "../expr/place.ts"

/** What a plan may have at most. */
export interface PlanLimits {
  /** Steps of one pipeline or saga. */
  readonly maxSteps: number
  /** Steps of a whole plan, with those of the compositions it calls. */
  readonly maxPlanSteps: number
  /** Targets of one scatter-gather. */
  readonly maxTargets: number
  /** Graphs inside each other. */
  readonly maxDepth: number
  /** Steps of one graph that run at a time. */
  readonly maxParallel: number
  /** Attempts of one step; compensations may have twice as many. */
  readonly maxAttempts: number
  /** A person may take to answer. */
  readonly approvalMs: number
}

const day = 24 * 60 * 60_000

export const defaultPlanLimits: PlanLimits = {
  maxSteps: 100,
  maxPlanSteps: 500,
  maxTargets: 32,
  maxDepth: 8,
  maxParallel: 64,
  maxAttempts: 10,
  approvalMs: 30 * day,
}

interface Excess {
  readonly what: string
  readonly found: number
  readonly max: number
  readonly limit: keyof PlanLimits
}

/** Reports what is over a limit, by the limit's name. */
export function checkLimit({ what, found, max, limit }: Excess, { report, pointer }: Place): void {
  if (found <= max) return
  report({
    code: "limit_exceeded",
    severity: "error",
    pointer,
    message: `${found} ${what}, and at most ${max} are allowed (limit ${limit})`,
    data: { limit, max, found },
  })
}
