import type { Draft } from "../draft.ts"
import type { Report } from "../problem.ts"
import type { Kind } from "../resolve/words.ts"

/** Names that differ in case alone: two things to the gateway, and often one to whoever reads or types them. */
export function* checkCaseTwins(
  { document, origins }: Draft,
  report: Report,
): Generator<void, void, void> {
  const { servers, tools, agents } = document
  const sections: readonly (readonly [Kind, typeof servers | typeof tools | typeof agents])[] = [
    ["server", servers],
    ["tool", tools],
    ["agent", agents],
  ]
  for (const [kind, entities] of sections) {
    const firsts = new Map<string, (typeof entities)[number]>()
    const told = new Set<string>()
    for (const entity of entities) {
      yield
      const { name } = entity
      const first = firsts.get(name.toLowerCase())
      if (first === undefined) firsts.set(name.toLowerCase(), entity)
      if (first === undefined || first.name === name || told.has(name)) continue
      told.add(name)
      report({
        code: "name_case",
        severity: "warn",
        pointer: origins.of(entity),
        message: `${kind} ${name} differs from ${first.name} in case alone`,
        hint: "give one of them another name: names are compared as they are written",
        data: { kind, name },
        related: [{ pointer: origins.of(first), message: "the other one" }],
      })
    }
  }
}
