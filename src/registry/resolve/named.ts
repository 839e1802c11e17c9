import type { Ref } from "../model.ts"

/** The entities of one kind by name, each name's in the order of the document. */
export class Named<T extends Ref> {
  readonly #byName = new Map<string, T[]>()

  /** Returns the entity that has this name and version already; the later one is then not added. */
  add(entity: T): T | undefined {
    const others = this.#byName.get(entity.name)
    if (others === undefined) {
      this.#byName.set(entity.name, [entity])
      return
    }
    const same = others.find(({ version }) => version === entity.version)
    if (same === undefined) others.push(entity)
    return same
  }

  of(name: string): readonly T[] {
    return this.#byName.get(name) ?? []
  }

  get(name: string, version: string | undefined): T | undefined {
    return this.#byName.get(name)?.find((entity) => entity.version === version)
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  names(): Iterable<string> {
    return this.#byName.keys()
  }

  /** Names under which more than one entity stands. */
  *versioned(): Iterable<readonly T[]> {
    for (const entities of this.#byName.values()) if (entities.length > 1) yield entities
  }
}
