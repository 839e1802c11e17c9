/**
 * One press of Ctrl-C under npm arrives several times: from the terminal, which signals the whole group, and again from
 * npm, which passes it on. What comes within this time counts as the same press.
 */
const samePressMs = 1_000

/** By itself each of them would end this process alone, and leave those that it started: SIGHUP when a terminal closes. */
const stopping = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const

/** What a tool that rotates logs may send. By themselves SIGUSR1 would open Node's debugger, and SIGUSR2 end this process. */
const ignored = ["SIGUSR1", "SIGUSR2"] as const

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
    for (const signal of stopping) process.on(signal, this.#listener)
    for (const signal of ignored) process.on(signal, ignore)
  }

  [Symbol.dispose](): void {
    for (const signal of stopping) process.off(signal, this.#listener)
    for (const signal of ignored) process.off(signal, ignore)
  }
}

const ignore = () => undefined
