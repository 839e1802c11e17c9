/** Who wants to know that a call was cancelled. */
export interface Cancellable {
  cancelled(): void
}

/** Whether anybody still waits; what call/ calls a cancellation is one. */
export interface Cancellation {
  readonly isCancelled: boolean
  /** One at a time. Not told what happened before. */
  listen(listener: Cancellable): void
  /** Nobody listens any more. */
  release(): void
}

/** The cancellation of one call or one sleep. */
export class OwnCancellation implements Cancellation {
  #isCancelled = false
  #listener: Cancellable | undefined

  get isCancelled(): boolean {
    return this.#isCancelled
  }

  cancel(): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#listener?.cancelled()
  }

  listen(listener: Cancellable): void {
    if (this.#listener !== undefined) throw new Error("a cancellation has one listener")
    this.#listener = listener
  }

  release(): void {
    this.#listener = undefined
  }
}
