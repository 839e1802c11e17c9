/**
 * One press of Ctrl-C under npm arrives several times: from the terminal, which signals the whole group, and again from
 * npm, which passes it on. What comes within this time counts as the same press.
 */
const samePressMs = 1_000

/** SIGHUP is a terminal that closed: by itself it would end this process alone, and leave those that it started. */
const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const

/** Listens for the wish to stop from the moment it is made, so that none is missed while the gateway starts. */
export class StopSignals implements Disposable {
  /** Resolves at the first signal. A later one ends the process at once. */
  readonly stopped: Promise<void>
  readonly #listener: () => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    let firstMs: number | undefined
    this.stopped = promise
    this.#listener = () => {
      if (firstMs !== undefined && performance.now() - firstMs > samePressMs) process.exit(1)
      firstMs ??= performance.now()
      resolve()
    }
    for (const signal of signals) process.on(signal, this.#listener)
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#listener)
  }
}
