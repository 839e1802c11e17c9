/** Things by name, made when they are asked for first. Of more than `max` the one not asked for longest is forgotten. */
export class Recent<T> {
  readonly #max: number
  readonly #make: () => T
  readonly #byName = new Map<string, T>()

  constructor(max: number, make: () => T) {
    this.#max = max
    this.#make = make
  }

  get(name: string): T {
    const found = this.#byName.get(name) ?? this.#make()
    this.#byName.delete(name) // to the end of the line
    this.#byName.set(name, found)
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > this.#max && oldest !== undefined) this.#byName.delete(oldest)
    return found
  }
}
