import { TestRunner } from "vitest"

/** What came of one fault. */
export interface Outcome {
  readonly number: number
  readonly name: string
  readonly injected: string
  /** Each invariant that was asked about, and why it did not hold; undefined where it did. */
  readonly judged: readonly (readonly [invariant: string, why: string | undefined])[]
  /** How many calls came to what meanwhile. */
  readonly fates: string
  /** How long the event loop was held at most, in milliseconds of its processor time; where that is judged (I7). */
  readonly turnMs: number | undefined
}

declare module "vitest" {
  interface TaskMeta {
    outcome?: Outcome
  }
}

/** Leaves it for the table, and prints it now. */
export function report(outcome: Outcome): void {
  const { fates, injected, judged, name, number, turnMs } = outcome
  const test = TestRunner.getCurrentTest()
  if (test !== undefined) test.meta.outcome = outcome
  const turn =
    turnMs === undefined ? "" : `the event loop was held for ${Math.round(turnMs)} ms at most; `
  const held = judged.map(([id, why]) => (why === undefined ? id : `NOT ${id} (${why})`))
  // biome-ignore lint/suspicious/noConsole: what was injected and what held is for people to read
  console.log(
    `${String(number).padStart(2)} ${name}\n   injected: ${injected}\n   held: ${held.join(" ")}\n   ${turn}${fates}`,
  )
}
