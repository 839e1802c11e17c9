import type { SchemaEntity } from "../model.ts"
import {
  present,
  read,
  readExtra,
  readFlag,
  readObject,
  readText,
  reportMissing,
  type Written,
} from "./fields.ts"
import { readIdentity } from "./identity.ts"
import { placed } from "./place.ts"
import { readSchema } from "./schema-position.ts"

const fields: ReadonlySet<string> = new Set(
  "name version description schema metadata deprecated deprecationMessage".split(" "),
)

/** An element of `schemas`. Without a schema of its own it allows anything, and the problem is reported. */
export function readSchemaEntity(from: Written): SchemaEntity | undefined {
  const identity = readIdentity(from, "schema")
  const extra = readExtra(from, fields)
  if (identity === undefined) return
  const raw = read(from, "schema")
  if (raw === undefined) reportMissing(from, "schema", "add schema, a JSON Schema")
  const written = readSchema(raw, `${from.pointer}/schema`, from.context)
  const { name, version } = identity
  const entity: SchemaEntity = {
    name,
    ...present({ version }),
    schema: written?.schema ?? true,
    ...present({
      description: readText(from, "description"),
      metadata: readObject(from, "metadata"),
      deprecated: readFlag(from, "deprecated"),
      deprecationMessage: readText(from, "deprecationMessage"),
    }),
    extra,
  }
  return placed(from.context, entity, from.pointer, { schema: written })
}
