/** Things by name, made when they are asked for first. Of more than `max` the one not asked for longest is forgotten. */
export class Recent<T> {
  readonly #max: number
  readonly #make: () => T
  readonly #byName = new Map<string, T>()
  /** Most ask for what was asked for just before. */
  #newest: { readonly name: string; readonly value: T } | undefined

  constructor(max: number, make: () => T) {
    this.#max = max
    this.#make = make
  }

  get(name: string): T {
    if (name === this.#newest?.name) return this.#newest.value
    const value = this.#byName.get(name) ?? this.#make()
    this.#newest = { name, value }
    this.#byName.delete(name) // to the end of the line
    this.#byName.set(name, value)
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > this.#max && oldest !== undefined) this.#byName.delete(oldest)
    return value
  }
}
