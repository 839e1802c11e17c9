import type { StatementSync } from "node:sqlite"
import type { Lease } from "../../../compose/run/durable/journal.ts"

/** Of runs that are written now, the places of so many are remembered. */
const placesMax = 10_000

interface Placed {
  readonly epoch: number
  readonly place: number
}

/** Where the events of runs stand. Only the one thread that writes the file may use it: what it remembers nobody else changes. */
export class Places {
  readonly #owned: StatementSync
  readonly #known = new Map<string, Placed>()

  /** `owned` selects the place of a run by its id and epoch. */
  constructor(owned: StatementSync) {
    this.#owned = owned
  }

  /** Undefined where the epoch of the run is another one. */
  of({ id, epoch }: Lease): number | undefined {
    const known = this.#known.get(id)
    if (known?.epoch === epoch) return known.place
    const place = this.#owned.get(id, epoch)?.["place"]
    if (typeof place !== "number") return
    if (this.#known.size >= placesMax) this.#known.clear()
    this.#known.set(id, { epoch, place })
    return place
  }

  /** The run has another epoch now, or is not written any more. */
  forget(id: string): void {
    this.#known.delete(id)
  }

  forgetAll(): void {
    this.#known.clear()
  }
}
