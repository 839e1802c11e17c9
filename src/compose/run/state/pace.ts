import type { Throttle } from "../../plan/policies.ts"

/** Lets so many through in a time. */
export interface Pace {
  /** Takes a place and returns 0, or takes none and returns the milliseconds until there may be one. */
  take(nowMs: number): number
}

export function createPace({ strategy, rate, windowMs }: Throttle): Pace {
  switch (strategy) {
    case "sliding_window":
      return slidingWindow(rate, windowMs)
    case "fixed_window":
      return fixedWindow(rate, windowMs)
    case "token_bucket":
      return tokenBucket(rate, windowMs)
    case "leaky_bucket":
      return leakyBucket(rate, windowMs)
  }
}

/** At most `rate` in any time of this length. */
function slidingWindow(rate: number, windowMs: number): Pace {
  const passed: number[] = []
  return {
    take: (nowMs) => {
      while (passed[0] !== undefined && passed[0] <= nowMs - windowMs) passed.shift()
      if (passed.length >= rate && passed[0] !== undefined) return passed[0] + windowMs - nowMs
      passed.push(nowMs)
      return 0
    },
  }
}

/** At most `rate` in each of the windows that time is cut into. */
function fixedWindow(rate: number, windowMs: number): Pace {
  let current = Number.NaN
  let passed = 0
  return {
    take: (nowMs) => {
      const start = Math.floor(nowMs / windowMs) * windowMs
      if (start !== current) passed = 0
      current = start
      if (passed >= rate) return start + windowMs - nowMs
      passed++
      return 0
    },
  }
}

/** Tokens drip in evenly and up to `rate` of them are kept: what was not used may be used at once. */
function tokenBucket(rate: number, windowMs: number): Pace {
  const perMs = rate / windowMs
  const whole = 1 - 1e-9 // sums of fractions miss a whole token by a hair
  let tokens = rate
  let atMs: number | undefined
  return {
    take: (nowMs) => {
      tokens = Math.min(rate, tokens + (nowMs - (atMs ?? nowMs)) * perMs)
      atMs = nowMs
      if (tokens < whole) return (1 - tokens) / perMs
      tokens--
      return 0
    },
  }
}

/** One after the other, evenly, however long nothing came. */
function leakyBucket(rate: number, windowMs: number): Pace {
  let nextMs = Number.NEGATIVE_INFINITY
  return {
    take: (nowMs) => {
      if (nowMs < nextMs) return nextMs - nowMs
      nextMs = nowMs + windowMs / rate
      return 0
    },
  }
}
