import type { CatalogTool, Scope } from "../catalog.ts"

/** Makes the scopes of agents; those who depend on the same tools share one. */
export class Scopes {
  readonly #numbers: ReadonlyMap<CatalogTool, number>
  readonly #made = new Map<string, Scope>()

  constructor(tools: readonly CatalogTool[]) {
    this.#numbers = new Map(tools.map((tool, number) => [tool, number] as const))
  }

  of(tools: Iterable<CatalogTool>): Scope {
    const sorted = [...new Set(tools)].sort(byName)
    const key = sorted.map((tool) => this.#numbers.get(tool)).join()
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const scope = { tools: new Map(sorted.map((tool) => [tool.name, tool] as const)) }
    this.#made.set(key, scope)
    return scope
  }
}

function byName(left: CatalogTool, right: CatalogTool): number {
  if (left.name === right.name) return 0
  return left.name < right.name ? -1 : 1
}
