import { Cancellation } from "../../../compose/run/cancellation.ts"
import type { DurableRun } from "../../../compose/run/durable/drive.ts"
import type { Clock } from "../../../compose/run/ports.ts"
import type { Reason } from "../../../compose/run/stop.ts"

/** What is done with one run is done one after the other, whoever wants it. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  async take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(id) ?? Promise.resolve()).then(work, work)
    this.#last.set(id, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(id) === turn) this.#last.delete(id)
    }
  }
}

interface Driven {
  readonly run: DurableRun
  readonly ended: Promise<unknown>
}

/** An operator steps in: calls in flight have this long to end, and nothing else is begun. */
export async function rested({ run, ended }: Driven, graceMs: number, clock: Clock): Promise<void> {
  const reason: Reason = { class: "cancelled", message: "an operator steps in" }
  const patience = new Cancellation()
  run.rest(reason)
  await Promise.race([ended, clock.sleep(graceMs, patience)])
  patience.cancel()
  run.leave(reason)
  await ended
}
