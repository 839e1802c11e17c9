import { Recent } from "../../compose/run/state/recent.ts"
import type { MemoryRates } from "./memory-rates.ts"
import type { Count, Full, Rates } from "./rates.ts"

/** Counts in a place that several gateways share. */
export interface RateStore {
  /** Makes ready for the first call; rejects where the store cannot be had now. */
  open(): Promise<void>
  /** Adds one and resolves with 0, or adds none and resolves with the milliseconds until there may be a place. */
  take(count: Count): Promise<number>
  /** Takes back one that was added. */
  giveBack(count: Count): Promise<void>
}

export interface SharedRatesOptions {
  /** Takes over while the store cannot be had. */
  readonly local: MemoryRates
  readonly now: () => number
  readonly keysMax: number
  readonly onLost: (error: unknown) => void
  readonly onBack: () => void
}

/**
 * Counts that gateways share. What is full is not asked about again until there may be a place. While the store is away
 * each gateway counts for itself, and asks it again with one call a second.
 */
export class SharedRates implements Rates {
  readonly #store: RateStore
  readonly #options: SharedRatesOptions
  readonly #full: Recent<{ untilMs: number }>
  #awayUntilMs: number | undefined
  #failures = 0

  constructor(store: RateStore, options: SharedRatesOptions) {
    this.#store = store
    this.#options = options
    this.#full = new Recent(options.keysMax, () => ({ untilMs: 0 }))
  }

  /** How often the store could not be had. */
  get failures(): number {
    return this.#failures
  }

  /** Before the first call, so that it need not wait for a connection; a store that is away is lost from here on. */
  open(): void {
    this.#store.open().catch((error: unknown) => this.#lost(error))
  }

  take(counts: readonly Count[]): Full | undefined | Promise<Full | undefined> {
    const nowMs = this.#options.now()
    const full = counts.find(({ key }) => this.#full.get(key).untilMs > nowMs)
    if (full !== undefined) return { count: full, waitMs: this.#full.get(full.key).untilMs - nowMs }
    const isTrying = this.#awayUntilMs !== undefined
    if (this.#awayUntilMs !== undefined) {
      if (nowMs < this.#awayUntilMs) return this.#options.local.take(counts)
      this.#awayUntilMs = nowMs + awayMs // for the others, while this one tries
    }
    return this.#ask(counts, isTrying)
  }

  /** What was under way when the store was lost does not say that it is back: one of many may fail, again and again. */
  async #ask(counts: readonly Count[], isTrying: boolean): Promise<Full | undefined> {
    const taken: Count[] = []
    try {
      for (const count of counts) {
        const waitMs = await this.#store.take(count)
        if (isTrying) this.#back()
        if (waitMs === 0) {
          taken.push(count)
          continue
        }
        this.#full.get(count.key).untilMs = this.#options.now() + waitMs
        await Promise.all(taken.map((one) => this.#store.giveBack(one)))
        return { count, waitMs }
      }
      return
    } catch (error) {
      this.#lost(error)
      return this.#options.local.take(counts)
    }
  }

  #lost(error: unknown): void {
    this.#failures++
    const isNews = this.#awayUntilMs === undefined
    this.#awayUntilMs = this.#options.now() + awayMs
    if (isNews) this.#options.onLost(error)
  }

  #back(): void {
    if (this.#awayUntilMs === undefined) return
    this.#awayUntilMs = undefined
    this.#options.onBack()
  }
}

const awayMs = 1_000
