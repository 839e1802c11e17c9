/** What waits for a place at a server. */
export interface Guest {
  /** Whose it is. */
  readonly party: string
  /** It has a place and takes it. */
  enter(): void
  /** It has to leave the queue, for one whose party has fewer in it, and loses its place. */
  turnAway(): void
}

/**
 * How many requests a server is given at once, and how many may wait. Parties take turns, and the requests of each go
 * in the order in which they came: one that sends a thousand does not make another's single request wait for all of
 * them.
 */
export class Gate {
  readonly #placesMax: number
  readonly #queueMax: number
  /** By party; the one whose turn is next comes first. None is empty. */
  readonly #queues = new Map<string, Set<Guest>>()
  #queued = 0
  #taken = 0
  #isDraining = false

  constructor(placesMax: number, queueMax: number) {
    this.#placesMax = placesMax
    this.#queueMax = queueMax
  }

  get taken(): number {
    return this.#taken
  }

  get queued(): number {
    return this.#queued
  }

  /** Lets it enter, now or when its turn comes; false where it can neither. */
  admit(guest: Guest): boolean {
    if (this.#taken < this.#placesMax) {
      this.#taken++
      guest.enter()
      return true
    }
    if (this.#queued >= this.#queueMax && !this.#makeRoom(guest.party)) return false
    const queue = this.#queues.get(guest.party)
    if (queue === undefined) this.#queues.set(guest.party, new Set([guest]))
    else queue.add(guest)
    this.#queued++
    return true
  }

  /** The party with the most in the queue gives up its last one, unless this party would have as many then. */
  #makeRoom(party: string): boolean {
    const mine = this.#queues.get(party)?.size ?? 0
    const most = [...this.#queues.values()].reduce((a, b) => (b.size > a.size ? b : a), none)
    if (most.size <= mine + 1) return false
    ;[...most].at(-1)?.turnAway()
    return true
  }

  /** It gives up its place in the queue; false where it has none. */
  forsake(guest: Guest): boolean {
    const { party } = guest
    const queue = this.#queues.get(party)
    if (queue?.delete(guest) !== true) return false
    this.#queued--
    if (queue.size === 0) this.#queues.delete(party)
    return true
  }

  /** One that left for a while is back. This may be one above the limit; those in the queue keep waiting. */
  retake(): void {
    this.#taken++
  }

  /** It gives back its place, which goes to whoever is next. */
  leave(): void {
    this.#taken--
    if (this.#isDraining) return // one loop, however many end within it
    this.#isDraining = true
    while (this.#taken < this.#placesMax) {
      const next = this.#takeNext()
      if (next === undefined) break
      this.#taken++
      next.enter()
    }
    this.#isDraining = false
  }

  #takeNext(): Guest | undefined {
    for (const [party, queue] of this.#queues)
      for (const guest of queue) {
        this.forsake(guest)
        if (this.#queues.delete(party)) this.#queues.set(party, queue) // after everybody else
        return guest
      }
    return
  }
}

const none: ReadonlySet<Guest> = new Set()
