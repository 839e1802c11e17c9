/** Why something was stopped: the class and the words of the error that comes of it. */
export interface Reason {
  readonly class: "cancelled" | "deadline" | "timeout"
  readonly message: string
}

/**
 * Whether a part of a run is to go on. Stops form a tree: what stops a part stops all inside it. There are two degrees,
 * because what has an effect is not cut off as long as its outcome can still be learnt: *drained*, nothing is started any
 * more and what only reads is given up; *aborted*, everything is.
 */
export class Stop {
  #drained: Reason | undefined
  #aborted: Reason | undefined
  readonly #watchers = new Set<() => void>()
  #leave: () => void

  constructor(parent?: Stop) {
    this.#drained = parent?.reason
    this.#aborted = parent?.aborted
    this.#leave = parent?.watch(() => this.#follow(parent)) ?? (() => {})
  }

  /** Why nothing may be started any more, if so. */
  get reason(): Reason | undefined {
    return this.#aborted ?? this.#drained
  }

  /** Why everything is to be given up, if so. */
  get aborted(): Reason | undefined {
    return this.#aborted
  }

  drain(reason: Reason): void {
    if (this.reason !== undefined) return
    this.#drained = reason
    this.#tell()
  }

  abort(reason: Reason): void {
    if (this.#aborted !== undefined) return
    this.#aborted = reason
    this.#tell()
  }

  /** Told at each degree, until the function that comes back is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** Its part of the run is over: what stops the whole is of no interest any more. */
  close(): void {
    this.#leave()
  }

  /** From now on it is a part of something else. */
  moveTo(parent: Stop): void {
    this.#leave()
    this.#leave = parent.watch(() => this.#follow(parent))
    this.#follow(parent)
  }

  #follow({ aborted, reason }: Stop): void {
    if (aborted !== undefined) this.abort(aborted)
    else if (reason !== undefined) this.drain(reason)
  }

  #tell(): void {
    // A copy: who is told may leave, and others with it.
    for (const watcher of [...this.#watchers]) if (this.#watchers.has(watcher)) watcher()
  }
}

export type Waited<T> =
  | { readonly isStopped: false; readonly value: T }
  | { readonly isStopped: true; readonly reason: Reason }

/**
 * What comes first: the promise, or the stop at this degree. Whatever the promise comes to after the stop, also a
 * rejection, is dropped.
 */
export function orStop<T>(
  promise: Promise<T>,
  stop: Stop,
  degree: "reason" | "aborted",
): Promise<Waited<T>> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      const reason = stop[degree]
      if (reason === undefined) return
      unwatch()
      resolve({ isStopped: true, reason })
    }
    const unwatch = stop.watch(stopped)
    stopped()
    promise.then(
      (value) => {
        unwatch()
        resolve({ isStopped: false, value })
      },
      (cause: unknown) => {
        unwatch()
        reject(cause)
      },
    )
  })
}
