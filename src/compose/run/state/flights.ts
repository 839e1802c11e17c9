/** Work that is under way, by key: who asks for the same waits for it instead of doing it again. */
export class Flights<T> {
  /** What came of each; undefined when whoever led it gave up, which says nothing about the matter. */
  readonly #byKey = new Map<string, Promise<T | undefined>>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Promise<T | undefined> | undefined {
    return this.#byKey.get(key)
  }

  /** Does it, and lets everybody know who waits for it. */
  async lead(key: string, work: () => Promise<T>, isGivenUp: (result: T) => boolean): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>()
    this.#byKey.set(key, promise)
    let landed: T | undefined // stays undefined when a bug throws
    try {
      const result = await work()
      if (!isGivenUp(result)) landed = result
      return result
    } finally {
      this.#byKey.delete(key)
      resolve(landed)
    }
  }
}
