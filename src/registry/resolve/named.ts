import type { Ref } from "../model.ts"

/** The entities of one kind by name, each name's in the order of the document. */
export class Named<T extends Ref> {
  readonly #byName = new Map<string, T[]>()
  /** The versions of a name, where it has more than one: a hostile document gives one name 100,000. */
  readonly #byVersion = new Map<string, Map<string | undefined, T>>()

  /** Returns the entity that has this name and version already; the later one is then not added. */
  add(entity: T): T | undefined {
    const { name, version } = entity
    const same = this.get(name, version)
    if (same !== undefined) return same
    const others = this.#byName.get(name)
    if (others === undefined) this.#byName.set(name, [entity])
    else {
      others.push(entity)
      const versions = this.#byVersion.get(name) ?? new Map(others.map((it) => [it.version, it]))
      this.#byVersion.set(name, versions.set(version, entity))
    }
    return
  }

  of(name: string): readonly T[] {
    return this.#byName.get(name) ?? []
  }

  get(name: string, version: string | undefined): T | undefined {
    const versions = this.#byVersion.get(name)
    if (versions !== undefined) return versions.get(version)
    const [only] = this.of(name)
    return only?.version === version ? only : undefined
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
