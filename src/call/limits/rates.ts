import type { Measure } from "../../compose/run/state/pace.ts"

/** One thing that is counted. Equal keys are the same thing. */
export interface Count {
  readonly key: string
  readonly measure: Measure
  /** Of the rule that has it counted. */
  readonly label: string
}

/** Which count is full, and for how long yet; of several the one that is full for longest. */
export interface Full {
  readonly count: Count
  readonly waitMs: number
}

/** Where counts are kept: in the process, or in a place that several gateways share. */
export interface Rates {
  /** Adds one to each of them; to none where one of them is full. Never rejects. */
  take(counts: readonly Count[]): Full | undefined | Promise<Full | undefined>
}
