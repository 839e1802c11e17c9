import { setTimeout as sleep } from "node:timers/promises"
import type { Outlet } from "./outlet.ts"

export interface DeliveryOptions {
  /** What is not taken is tried again for so long. */
  readonly retryMs: number
  /** Told once when the collector stops taking what it is sent, and once when it takes it again. */
  readonly trouble: (reason: string | undefined) => void
}

export type Delivered =
  | { readonly ok: true; readonly rejected: number }
  | { readonly ok: false; readonly outcome: "refused" | "failed" }

const firstWaitMs = 500
const longestWaitMs = 15_000

/**
 * Sends one after the other and retries what is not taken, with a growing delay and never before the collector allows
 * it.
 */
export class Delivery {
  readonly #outlet: Outlet
  readonly #options: DeliveryOptions
  readonly #cut = new AbortController()
  #hurry = new AbortController()
  #notBeforeMs = 0
  #isTroubled = false

  constructor(outlet: Outlet, options: DeliveryOptions) {
    this.#outlet = outlet
    this.#options = options
  }

  /** Never rejects. */
  async send(text: string): Promise<Delivered> {
    const untilMs = performance.now() + this.#options.retryMs
    for (let tries = 0; ; tries++) {
      await this.#wait(this.#notBeforeMs - performance.now())
      const sent = await this.#outlet.post(text, this.#cut.signal)
      if (sent.kind === "taken") {
        this.#tell(undefined)
        return { ok: true, rejected: sent.rejected }
      }
      this.#tell(sent.reason)
      if (sent.kind === "refused") return { ok: false, outcome: "refused" }
      const waitMs = sent.afterMs ?? backOff(tries)
      if (sent.afterMs !== undefined) this.#notBeforeMs = performance.now() + waitMs
      if (this.#hurry.signal.aborted || performance.now() + waitMs > untilMs)
        return { ok: false, outcome: "failed" }
      await this.#wait(waitMs)
    }
  }

  /** Nothing is waited for any more; what fails now is not tried again. */
  hurry(): void {
    this.#hurry.abort()
  }

  close(): void {
    this.#cut.abort()
    this.#outlet.close()
  }

  async #wait(ms: number): Promise<void> {
    if (ms <= 0) return
    await sleep(ms, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => undefined)
  }

  #tell(reason: string | undefined): void {
    const isTroubled = reason !== undefined
    if (isTroubled !== this.#isTroubled) this.#options.trouble(reason)
    this.#isTroubled = isTroubled
  }
}

/** Half of it is chance, so that a thousand gateways do not come back together. */
const backOff = (tries: number): number =>
  Math.min(longestWaitMs, firstWaitMs * 2 ** tries) * (0.5 + Math.random() / 2)
