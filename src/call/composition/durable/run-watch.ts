import { Cancellation } from "../../../compose/run/cancellation.ts"
import {
  type EventHeader,
  type Journal,
  JournalTrouble,
  type Seen,
} from "../../../compose/run/durable/journal.ts"
import type { Clock } from "../../../compose/run/ports.ts"

export interface RunWatchOptions {
  readonly journal: () => Journal
  readonly clock: Clock
  /** Other processes write to the journal, too, and tell nobody. */
  readonly isShared: boolean
}

/** One who looks at a run until something becomes of it. What happens after it was opened is not missed. */
export interface Look {
  /** Resolves when the run may have changed since it was seen, and when this is closed. */
  moved(seen: Seen): Promise<void>
  close(): void
}

/** Hears what other processes write of a run, from its first event on. */
export type Follower = (events: readonly EventHeader[]) => void

/** So often it is asked what others have done. */
const lookMs = 250

/**
 * Tells those who wait for runs when to look again: at once for a run of this process, and by one query for all of them
 * where the journal is shared. No run is read just because time has passed.
 */
export class RunWatch {
  readonly #options: RunWatchOptions
  readonly #looks = new Map<string, Set<Looking>>()
  #isAsking = false

  constructor(options: RunWatchOptions) {
    this.#options = options
  }

  look(id: string, follower?: Follower): Look {
    const looking = new Looking(id, follower, () => {
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
      const all = [...this.#looks.values()].flatMap((looks) => [...looks])
      const seen = all.flatMap((look) => look.seen ?? [])
      try {
        await this.#follow(all.filter((look) => look.isFollowing))
        if (seen.length > 0) for (const id of await journal().moved(seen)) this.moved(id)
      } catch (error) {
        // The journal is asked again in a moment. Of a bug those hear who look next, as they meet it themselves.
        if (!(error instanceof JournalTrouble)) this.allMoved()
      }
    }
    this.#isAsking = false
  }

  async #follow(looks: readonly Looking[]): Promise<void> {
    if (looks.length === 0) return
    const places = new Map<string, number>()
    for (const { id, seq } of looks) places.set(id, Math.min(seq, places.get(id) ?? seq))
    const asked = [...places].map(([run, seq]) => ({ run, seq }))
    const headers = (await this.#options.journal().headersAfter?.(asked)) ?? []
    const byRun = Map.groupBy(headers, ({ run }) => run)
    for (const look of looks) look.tell(byRun.get(look.id) ?? [])
  }
}

/** Waits until a run has changed, and no longer than its caller does. */
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
  readonly id: string
  readonly #follower: Follower | undefined
  readonly #onClosed: () => void
  /** Of the last event that it was told. */
  #told = 0
  #seen: Seen | undefined
  #hasMoved = false
  #wake: (() => void) | undefined

  constructor(id: string, follower: Follower | undefined, onClosed: () => void) {
    this.id = id
    this.#follower = follower
    this.#onClosed = onClosed
  }

  get isFollowing(): boolean {
    return this.#follower !== undefined
  }

  get seq(): number {
    return this.#told
  }

  tell(events: readonly EventHeader[]): void {
    const news = events.filter(({ seq }) => seq > this.#told)
    this.#told = news.at(-1)?.seq ?? this.#told
    if (news.length > 0) this.#follower?.(news)
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
