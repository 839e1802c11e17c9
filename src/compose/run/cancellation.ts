/** Who wants to know that a call was cancelled. */
export interface Cancellable {
  cancelled(): void
}

/**
 * Whether anybody still waits for the answer to a call; one per call. An `AbortSignal` would say the same, but to listen
 * to one keeps all of the call alive until the next major collection: at full load 8 KB a call, and twice the time in
 * the collector.
 */
export class Cancellation {
  #isCancelled = false
  #listener: Cancellable | undefined

  get isCancelled(): boolean {
    return this.#isCancelled
  }

  /** Cancels, once; what was cancelled stays so. */
  cancel(): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#listener?.cancelled()
  }

  /** One at a time: throws when somebody else listens already. One that comes after the cancellation is told at once. */
  listen(listener: Cancellable): void {
    if (this.#listener !== undefined) throw new Error("a cancellation has one listener")
    this.#listener = listener
    if (this.#isCancelled) listener.cancelled()
  }

  /** Nobody listens any more. */
  release(): void {
    this.#listener = undefined
  }
}
