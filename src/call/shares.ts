/** Which limit is reached: that of all callers together, or that of this one. */
export type Full = "all" | "caller"

/** Places that all callers share: how many there are, and how many of them one caller may take. */
export class Shares {
  readonly #max: number
  readonly #perCallerMax: number
  /** By `Caller.principal`. */
  readonly #byCaller = new Map<string, number>()
  #taken = 0

  constructor(max: number, perCallerMax: number) {
    this.#max = max
    this.#perCallerMax = perCallerMax
  }

  get taken(): number {
    return this.#taken
  }

  /** Takes one, unless something is full. Of those that this caller has, `freed` are about to be given back. */
  take(principal: string, freed = 0): Full | undefined {
    const mine = this.#byCaller.get(principal) ?? 0
    if (mine - freed >= this.#perCallerMax) return "caller"
    if (this.#taken - freed >= this.#max) return "all"
    this.#taken++
    this.#byCaller.set(principal, mine + 1)
    return
  }

  /** Gives back one that was taken. */
  give(principal: string): void {
    this.#taken--
    const left = (this.#byCaller.get(principal) ?? 1) - 1
    if (left > 0) this.#byCaller.set(principal, left)
    else this.#byCaller.delete(principal)
  }
}
