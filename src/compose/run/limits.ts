/** What one run may take at most (compositions §13). Over one of them: class `budget`, by the limit's name. */
export interface RunLimits {
  /** Steps of one pipeline. */
  readonly maxSteps: number
  /** Targets of one scatter-gather. */
  readonly maxTargets: number
  /** Graphs inside each other. */
  readonly maxDepth: number
  /** Items of one `forEach`. */
  readonly maxItems: number
  /** Steps of one graph, or items of one step, at a time; a plan that asks for more gets so many. */
  readonly maxParallel: number
  /** Calls of one run, with all attempts. */
  readonly maxCalls: number
  /** Of the value of one call, as JSON. Over it: class `output`, because the call was made. */
  readonly stepOutputBytes: number
  /** Of the values of all steps together; a value that is only handed on counts once. */
  readonly runBytes: number
  /** After a failure, calls with an effect may take so long to say what became of them. */
  readonly drainMs: number
  /** Of durable runs, as all below: an answer is still taken so long after the time of its call is up. */
  readonly graceMs: number
  /** One compensation with all its attempts, or the settling of an unknown outcome, before the run is parked. */
  readonly compensationMs: number
  /** Unknown outcomes of one call before the run is parked. */
  readonly maxUnknowns: number
  /** Recoveries in a row without any progress before the run is parked. */
  readonly maxRecoveries: number
}

const mib = 1024 * 1024

export const defaultRunLimits: RunLimits = {
  maxSteps: 100,
  maxTargets: 32,
  maxDepth: 8,
  maxItems: 1_000,
  maxParallel: 64,
  maxCalls: 10_000,
  stepOutputBytes: mib,
  runBytes: 4 * mib,
  drainMs: 30_000,
  graceMs: 2_000,
  compensationMs: 24 * 60 * 60_000,
  maxUnknowns: 5,
  maxRecoveries: 5,
}
