import type { JsonSchema } from "../schema/json.ts"
import { bundled } from "./compile/bundled.ts"
import type { Draft } from "./draft.ts"
import type { CallSite, Composition, RegistryDocument, SchemaEntity, ToolEntity } from "./model.ts"
import type { Bundles } from "./schemas/bundle.ts"
import type { SchemaLinks } from "./schemas/link-schemas.ts"
import { asRoot, schemaPlaces } from "./schemas/positions.ts"

/** What loading found out about the parts of a canonical document, for whoever looks at more than its catalog. */
export interface Details {
  /** A schema of the document with all that it refers to in it; undefined where something is missing. */
  selfContained(schema: JsonSchema): JsonSchema | undefined
  /** The registered schemas that a schema of the document names itself. */
  references(schema: JsonSchema): readonly SchemaEntity[]
  /** The calls written in a composition; none for other tools. */
  calls(tool: ToolEntity): readonly CallSite[]
}

/** What the stages of loading know, each by the entities as they were drafted. */
export interface Findings {
  readonly draft: Draft
  readonly schemas: SchemaLinks
  readonly bundles: Bundles
  /** The draft's document with references pinned: the same entities in the same order. */
  readonly pinned: RegistryDocument
}

/** Looks nothing up before it is asked: most who load a document never do. */
export function detailsOf(findings: Findings): Details {
  const { draft, schemas, bundles, pinned } = findings
  let drafted: ReadonlyMap<JsonSchema, JsonSchema> | undefined
  const asDrafted = (schema: JsonSchema): JsonSchema => {
    drafted ??= draftedSchemas(findings)
    return drafted.get(schema) ?? schema
  }
  let compositions: ReadonlyMap<ToolEntity, Composition | undefined> | undefined
  return {
    selfContained: (schema) => bundled(asDrafted(schema), bundles),
    references(schema) {
      const root = asRoot(asDrafted(schema))
      const refs = root && schemas.roots.get(root)
      return [...new Set(refs?.targets.map(({ entity }) => entity))]
    },
    calls(tool) {
      compositions ??= new Map(
        draft.document.tools.map((before, index) => {
          return [pinned.tools[index] ?? before, draft.compositions.get(before)] as const
        }),
      )
      return compositions.get(tool)?.calls ?? []
    },
  }
}

/** By the schema as it stands in the pinned document. */
function draftedSchemas({ draft, pinned }: Findings): ReadonlyMap<JsonSchema, JsonSchema> {
  const places = schemaPlaces(draft)
  const schemas = new Map<JsonSchema, JsonSchema>()
  for (const { schema } of schemaPlaces({ ...draft, document: pinned })) {
    const before = places.next()
    if (!before.done) schemas.set(schema, before.value.schema)
  }
  return schemas
}
