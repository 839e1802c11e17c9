/** What waits for a place at a server. */
export interface Guest {
  /** It has a place and takes it. */
  enter(): void
}

/** How many requests a server is given at once, and how many may wait: first come, first served, whoever sent them. */
export class Gate {
  readonly #placesMax: number
  readonly #queueMax: number
  readonly #queue = new Set<Guest>()
  #taken = 0
  #isDraining = false

  constructor(placesMax: number, queueMax: number) {
    this.#placesMax = placesMax
    this.#queueMax = queueMax
  }

  get isFull(): boolean {
    return this.#taken >= this.#placesMax && this.#queue.size >= this.#queueMax
  }

  get taken(): number {
    return this.#taken
  }

  get queued(): number {
    return this.#queue.size
  }

  /** Lets it enter, now or when its turn comes. */
  admit(guest: Guest): void {
    if (this.#taken >= this.#placesMax) {
      this.#queue.add(guest)
      return
    }
    this.#taken++
    guest.enter()
  }

  /** It gives up its place in the queue; false where it has none. */
  forsake(guest: Guest): boolean {
    return this.#queue.delete(guest)
  }

  /** Who left for a while is back. It may be one more than there are places now; what waits goes on waiting. */
  retake(): void {
    this.#taken++
  }

  /** It gives back its place, which goes to the one that waited longest. */
  leave(): void {
    this.#taken--
    if (this.#isDraining) return // one loop, however many end within it
    this.#isDraining = true
    for (const next of this.#queue) {
      if (this.#taken >= this.#placesMax) break
      this.#queue.delete(next)
      this.#taken++
      next.enter()
    }
    this.#isDraining = false
  }
}
