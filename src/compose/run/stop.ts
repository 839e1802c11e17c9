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
  #parent: Stop | undefined
  #watchers: readonly Watcher[] = []
  readonly #follow = () => {
    const { aborted, reason } = this.#parent ?? {}
    if (aborted !== undefined) this.abort(aborted)
    else if (reason !== undefined) this.drain(reason)
  }

  constructor(parent?: Stop) {
    this.#drained = parent?.reason
    this.#aborted = parent?.aborted
    this.#parent = parent
    parent?.watch(this.#follow)
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

  /** Told at each degree, until it leaves. */
  watch(watcher: Watcher): void {
    this.#watchers = [...this.#watchers, watcher]
  }

  unwatch(watcher: Watcher): void {
    this.#watchers = this.#watchers.filter((other) => other !== watcher)
  }

  /** Its part of the run is over: what stops the whole is of no interest any more. */
  close(): void {
    this.#parent?.unwatch(this.#follow)
  }

  /** From now on it is a part of something else. */
  moveTo(parent: Stop): void {
    this.close()
    this.#parent = parent
    parent.watch(this.#follow)
    this.#follow()
  }

  #tell(): void {
    // Who is told may leave, and others with it.
    for (const watcher of this.#watchers) if (this.#watchers.includes(watcher)) watcher()
  }
}

type Watcher = () => void

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
      stop.unwatch(stopped)
      resolve({ isStopped: true, reason })
    }
    stop.watch(stopped)
    stopped()
    promise.then(
      (value) => {
        stop.unwatch(stopped)
        resolve({ isStopped: false, value })
      },
      (cause: unknown) => {
        stop.unwatch(stopped)
        reject(cause)
      },
    )
  })
}
