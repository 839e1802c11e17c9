import type { Result } from "../outcome.ts"

/** What came of a flight; undefined when whoever led it gave up, which says nothing about the matter. */
export type Landed = Result | undefined

/** Work that is under way, by key: who asks for the same waits for it instead of doing it again. */
export class Flights {
  readonly #byKey = new Map<string, Promise<Landed>>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Promise<Landed> | undefined {
    return this.#byKey.get(key)
  }

  /** Does it, and lets everybody know who waits for it. */
  async lead(
    key: string,
    work: () => Promise<Result>,
    isGivenUp: (result: Result) => boolean,
  ): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<Landed>()
    this.#byKey.set(key, promise)
    let landed: Landed // stays undefined when a bug throws
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
