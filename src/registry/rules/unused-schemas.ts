import type { Draft, Knobs } from "../draft.ts"
import type { SchemaEntity } from "../model.ts"
import type { Report } from "../problem.ts"
import { type Links, reportAs } from "../resolve/links.ts"
import { quoted } from "../resolve/words.ts"
import type { SchemaLinks } from "../schemas/link-schemas.ts"
import { asRoot } from "../schemas/positions.ts"

/** Registered schemas that nothing refers to but themselves. Another unused schema counts as a user. */
export function* checkUnusedSchemas(
  { document, origins }: Draft,
  links: Links,
  { positions, roots }: SchemaLinks,
  { unusedSchema }: Knobs,
  report: Report,
): Generator<void, void, void> {
  if (unusedSchema === "ignore") return
  const used = new Set<SchemaEntity>()
  for (const { schema, entity } of positions) {
    yield
    const root = asRoot(schema)
    for (const { entity: target } of (root && roots.get(root)?.targets) ?? [])
      if (target !== entity) used.add(target)
  }
  for (const entity of document.schemas) {
    const isDuplicate = links.schemas.get(entity.name, entity.version) !== entity
    if (used.has(entity) || isDuplicate) continue
    reportAs(unusedSchema, report, {
      code: "unused_schema",
      pointer: origins.of(entity),
      message: `schema ${quoted(entity)} is used nowhere`,
      hint: "refer to it or remove it",
      data: { name: entity.name },
    })
  }
}
