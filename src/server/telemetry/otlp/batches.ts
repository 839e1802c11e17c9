import { setImmediate as nextTurn } from "node:timers/promises"
import type { Delivered } from "./delivery.ts"

export interface BatchOptions<T> {
  readonly queueMax: number
  readonly batchMax: number
  /** One waits so long for others. */
  readonly delayMs: number
  readonly textOf: (batch: readonly T[]) => string
  readonly send: (text: string) => Promise<Delivered>
  /** A bug in `textOf`: its batch is lost, and nothing else. */
  readonly onBug: (error: unknown) => void
}

/** What became of what was pushed. */
export interface BatchCounts {
  /** Taken by the collector. */
  sent: number
  /** There was no room. */
  dropped: number
  /** The collector will not have them. */
  refused: number
  /** It did not take them in time. */
  failed: number
}

/**
 * Sends what is pushed in batches, one at a time; pushing never waits, and what finds no room is dropped and counted.
 */
export class Batches<T> {
  readonly #options: BatchOptions<T>
  readonly counts: BatchCounts = { sent: 0, dropped: 0, refused: 0, failed: 0 }
  #waiting: T[] = []
  #timer: NodeJS.Timeout | undefined
  #work: Promise<void> | undefined
  #isEnding = false

  constructor(options: BatchOptions<T>) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length
  }

  push(item: T): void {
    const { batchMax, queueMax } = this.#options
    if (this.#waiting.length >= queueMax) {
      this.counts.dropped += 1
      return
    }
    this.#waiting.push(item)
    if (this.#work !== undefined) return
    if (this.#waiting.length >= batchMax) this.#begin()
    else this.#beginLater()
  }

  /** Sends what is left; resolves when all that was pushed is over. */
  async end(): Promise<void> {
    this.#isEnding = true
    await this.#work
    this.#begin()
    await this.#work
  }

  /** Counts what never went. */
  giveUp(): void {
    this.counts.dropped += this.#waiting.length
    this.#waiting = []
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#work ??= this.#sendAll().finally(() => {
      this.#work = undefined
      if (this.#waiting.length > 0) this.#beginLater()
    })
  }

  /** Less than a batch waits for others, unless this is the end. */
  async #sendAll(): Promise<void> {
    const { batchMax } = this.#options
    do {
      await nextTurn() // the text of a batch is not worked out while the call is answered that filled it
      const batch = this.#waiting.splice(0, batchMax)
      if (batch.length > 0) await this.#send(batch)
    } while (this.#waiting.length >= (this.#isEnding ? 1 : batchMax))
  }

  #beginLater(): void {
    this.#timer ??= setTimeout(() => this.#begin(), this.#options.delayMs).unref()
  }

  async #send(batch: readonly T[]): Promise<void> {
    const { onBug, send, textOf } = this.#options
    const { counts } = this
    try {
      const delivered = await send(textOf(batch))
      if (!delivered.ok) counts[delivered.outcome] += batch.length
      else {
        const rejected = Math.min(delivered.rejected, batch.length)
        counts.refused += rejected
        counts.sent += batch.length - rejected
      }
    } catch (error) {
      counts.failed += batch.length
      onBug(error)
    }
  }
}
