/** What bounds the work on one pair of schemas: steps taken in all, and calls within calls. */
export interface Meter {
  /** Takes a step, if there is one left. */
  spend(): boolean
  /** Takes a step and runs `run` one level deeper, or gives `otherwise` when there is no step or level left. */
  nest<Result>(run: () => Result, otherwise: Result): Result
}

/** Schemas may apply others to the same value in long chains; the stack has room for some ten thousand calls. */
const levelsMax = 250

export function createMeter(stepsMax: number): Meter {
  let left = stepsMax
  let level = 0
  const meter: Meter = {
    spend() {
      left--
      return left >= 0
    },
    nest(run, otherwise) {
      if (level >= levelsMax || !meter.spend()) return otherwise
      level++
      const result = run()
      level--
      return result
    },
  }
  return meter
}
