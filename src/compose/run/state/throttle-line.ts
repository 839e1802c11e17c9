import type { Throttle } from "../../plan/policies.ts"
import { orStop } from "../stop.ts"
import { pause, type Site } from "../work.ts"
import { createPace, type Pace, takeOrWait } from "./pace.ts"

/** Let through, or why not. */
export type Turn = "taken" | "exceeded" | "queueFull" | "tooLate" | "stopped"

/** Those who wait at one throttle, first come, first served. */
export class ThrottleLine {
  readonly #queueMax: number
  #pace: Pace | undefined
  #waiting = 0
  /** Resolves when the last in the line has left it. */
  #last: Promise<void> = Promise.resolve()

  constructor(queueMax: number) {
    this.#queueMax = queueMax
  }

  /** Waits for a turn, if the policy says so. */
  async enter(policy: Throttle, site: Site): Promise<Turn> {
    this.#pace ??= createPace(policy)
    const { clock } = site.run.parts.ports
    if (this.#waiting === 0 && takeOrWait(this.#pace, clock.now()) === 0) return "taken"
    if (policy.onExceeded === "reject") return "exceeded"
    if (this.#waiting >= this.#queueMax) return "queueFull"
    return this.#wait(this.#pace, site)
  }

  async #wait(pace: Pace, site: Site): Promise<Turn> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    this.#waiting++
    try {
      const turn = await orStop(before, site.stop, "reason")
      return turn.isStopped ? "stopped" : await firstInLine(pace, site)
    } finally {
      this.#waiting--
      // Who leaves early does not let the next one pass those who are before both.
      void before.then(resolve)
    }
  }
}

async function firstInLine(pace: Pace, site: Site): Promise<Turn> {
  const { clock } = site.run.parts.ports
  for (;;) {
    const waitMs = takeOrWait(pace, clock.now())
    if (waitMs === 0) return "taken"
    if (site.deadlineMs !== undefined && clock.now() + waitMs > site.deadlineMs) return "tooLate"
    if ((await pause(waitMs, site)) !== undefined) return "stopped"
  }
}
