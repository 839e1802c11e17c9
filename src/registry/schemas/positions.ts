import { isObject, type JsonSchema } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import type { SchemaEntity } from "../model.ts"

/** A place of the document where a JSON Schema stands. */
export interface Position {
  readonly schema: JsonSchema
  /** Where it is written. */
  readonly pointer: string
  readonly role: "entity" | "toolInput" | "toolOutput" | "skill"
  /** The registered schema whose text this is. */
  readonly entity: SchemaEntity | undefined
}

/** Every schema of the document, in canonical order: schemas, servers' provisions, tools, agents' skills. */
export function* schemaPlaces({ document, origins }: Draft): Generator<Position, void, void> {
  for (const entity of document.schemas)
    yield { schema: entity.schema, pointer: origins.of(entity, "schema"), role: "entity", entity }
  for (const { provides } of document.servers)
    for (const provision of provides) yield* contract(provision, origins)
  for (const tool of document.tools) yield* contract(tool, origins)
  for (const { skills } of document.agents)
    for (const skill of skills)
      for (const key of ["inputSchema", "outputSchema"] as const) {
        const schema = skill[key]
        if (schema === undefined) continue
        yield { schema, pointer: origins.of(skill, key), role: "skill", entity: undefined }
      }
}

interface Contract {
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
}

function* contract(owner: Contract, origins: Draft["origins"]): Generator<Position, void, void> {
  const { inputSchema, outputSchema } = owner
  const entity = undefined
  if (inputSchema !== undefined) {
    const pointer = origins.of(owner, "inputSchema")
    yield { schema: inputSchema, pointer, role: "toolInput", entity }
  }
  if (outputSchema === undefined) return
  yield {
    schema: outputSchema,
    pointer: origins.of(owner, "outputSchema"),
    role: "toolOutput",
    entity,
  }
}

/** A schema as the key of what was found out about it; boolean schemas refer to nothing. */
export const asRoot = (schema: JsonSchema) => (isObject(schema) ? schema : undefined)
