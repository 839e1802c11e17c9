/** So many in a time. */
export interface Measure {
  readonly strategy: "sliding_window" | "fixed_window" | "token_bucket" | "leaky_bucket"
  readonly rate: number
  readonly windowMs: number
  /** Of a token bucket, that many at once; otherwise as many as the rate. */
  readonly burst?: number
}

/** Lets so many through in a time. */
export interface Pace {
  /** The milliseconds until there may be a place; 0 when there is one. */
  waitMs(nowMs: number): number
  /** Takes the place that there is. */
  take(nowMs: number): void
}

/** Takes a place and returns 0, or takes none and returns the milliseconds until there may be one. */
export function takeOrWait(pace: Pace, nowMs: number): number {
  const waitMs = pace.waitMs(nowMs)
  if (waitMs === 0) pace.take(nowMs)
  return waitMs
}

export function createPace({ strategy, rate, windowMs, burst = rate }: Measure): Pace {
  switch (strategy) {
    case "sliding_window":
      return slidingWindow(rate, windowMs)
    case "fixed_window":
      return fixedWindow(rate, windowMs)
    case "token_bucket":
      return tokenBucket(rate / windowMs, burst)
    case "leaky_bucket":
      return leakyBucket(rate, windowMs)
  }
}

/** At most `rate` in any time of this length. */
function slidingWindow(rate: number, windowMs: number): Pace {
  const passed: number[] = []
  return {
    waitMs(nowMs) {
      while (passed[0] !== undefined && passed[0] <= nowMs - windowMs) passed.shift()
      return passed.length >= rate && passed[0] !== undefined ? passed[0] + windowMs - nowMs : 0
    },
    take: (nowMs) => void passed.push(nowMs),
  }
}

/** At most `rate` in each of the windows that time is cut into. */
function fixedWindow(rate: number, windowMs: number): Pace {
  let current = Number.NaN
  let passed = 0
  return {
    waitMs(nowMs) {
      const start = Math.floor(nowMs / windowMs) * windowMs
      if (start !== current) passed = 0
      current = start
      return passed >= rate ? start + windowMs - nowMs : 0
    },
    take: () => void passed++,
  }
}

/** Tokens drip in evenly and up to `burst` of them are kept: what was not used may be used at once. */
function tokenBucket(perMs: number, burst: number): Pace {
  const whole = 1 - 1e-9 // sums of fractions miss a whole token by a hair
  let tokens = burst
  let atMs: number | undefined
  return {
    waitMs(nowMs) {
      // A clock that was set back takes nothing away.
      tokens = Math.min(burst, tokens + Math.max(0, nowMs - (atMs ?? nowMs)) * perMs)
      atMs = nowMs
      return tokens < whole ? (1 - tokens) / perMs : 0
    },
    take: () => void tokens--,
  }
}

/** One after the other, evenly, however long nothing came. */
function leakyBucket(rate: number, windowMs: number): Pace {
  let nextMs = Number.NEGATIVE_INFINITY
  return {
    waitMs: (nowMs) => Math.max(0, nextMs - nowMs),
    take(nowMs) {
      nextMs = nowMs + windowMs / rate
    },
  }
}
