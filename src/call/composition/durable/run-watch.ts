import { Cancellation } from "../../../compose/run/cancellation.ts"
import { type Journal, JournalTrouble, type Seen } from "../../../compose/run/durable/journal.ts"
import type { Clock } from "../../../compose/run/ports.ts"

export interface RunWatchOptions {
  readonly journal: () => Journal
  readonly clock: Clock
  /** Other processes write to the journal, too, and tell nobody. */
  readonly isShared: boolean
}

/** One who looks at a run until something becomes of it. What happens after it was opened is not missed. */
export interface Look {
  /** Resolves when the run may stand otherwise than it was seen, and when this is closed. */
  moved(seen: Seen): Promise<void>
  close(): void
}

/** So often it is asked what others have done. */
const lookMs = 250

/**
 * Tells those who wait for runs when to look again: at once where something becomes of a run in this process, and by one
 * question to a shared journal for all of them. Nobody reads a journal only because time has passed.
 */
export class RunWatch {
  readonly #options: RunWatchOptions
  readonly #looks = new Map<string, Set<Looking>>()
  #isAsking = false

  constructor(options: RunWatchOptions) {
    this.#options = options
  }

  look(id: string): Look {
    const looking = new Looking(() => {
      looks.delete(looking)
      if (looks.size === 0 && this.#looks.get(id) === looks) this.#looks.delete(id)
    })
    const looks = this.#looks.get(id) ?? new Set()
    this.#looks.set(id, looks.add(looking))
    if (this.#options.isShared && !this.#isAsking) void this.#ask()
    return looking
  }

  /** Something has become of this run. */
  moved(id: string): void {
    for (const look of this.#looks.get(id) ?? []) look.wake()
  }

  /** Whoever waits is to look whether there is anything to wait for. */
  allMoved(): void {
    for (const id of this.#looks.keys()) this.moved(id)
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    const { clock, journal } = this.#options
    while (this.#looks.size > 0) {
      await clock.sleep(lookMs, new Cancellation())
      const seen = [...this.#looks.values()].flatMap((looks) =>
        [...looks].flatMap((look) => look.seen ?? []),
      )
      try {
        if (seen.length > 0) for (const id of await journal().moved(seen)) this.moved(id)
      } catch (error) {
        // The journal is asked again in a moment. Of a bug those hear who look next, as they meet it themselves.
        if (!(error instanceof JournalTrouble)) this.allMoved()
      }
    }
    this.#isAsking = false
  }
}

/** Waits until something has become of a run, and no longer than its caller does. */
export async function moved(
  look: Promise<void>,
  untilMs: number,
  cancellation: Cancellation | undefined,
  clock: Clock,
): Promise<void> {
  const patience = new Cancellation()
  cancellation?.listen({ cancelled: () => patience.cancel() })
  await Promise.race([look, clock.sleep(untilMs - clock.now(), patience)])
  patience.cancel()
  cancellation?.release()
}

class Looking implements Look {
  readonly #onClosed: () => void
  #seen: Seen | undefined
  #hasMoved = false
  #wake: (() => void) | undefined

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed
  }

  get seen(): Seen | undefined {
    return this.#seen
  }

  async moved(seen: Seen): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#seen = seen
    this.#wake = resolve
    if (this.#hasMoved) resolve()
    await promise
    this.#hasMoved = false
    this.#seen = undefined
  }

  wake(): void {
    this.#hasMoved = true
    this.#wake?.()
  }

  close(): void {
    this.#onClosed()
    this.wake()
  }
}
