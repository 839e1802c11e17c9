import { z } from "zod"
import { ConfigFile } from "./schema.ts"

export type Schema = z.core.JSONSchema.JSONSchema

let made: Schema | undefined
let forEditors: Schema | undefined

/**
 * The configuration file as JSON Schema 2020-12: what editors complete from. `config/postern.schema.json` is this, and
 * the first line of a configuration names it: `# yaml-language-server: $schema=…/postern.schema.json`.
 */
export function configSchema(): Schema {
  made ??= { title: "Postern's configuration", ...z.toJSONSchema(ConfigFile, { io: "input" }) }
  return made
}

/**
 * The same for editors, where `${NAME}` is not yet filled in: what stands for a number, a choice or a text of some form
 * may also be a text with a reference in it.
 */
export function publishedConfigSchema(): Schema {
  forEditors ??= withReferences(configSchema()) as Schema // an object in is an object out
  return forEditors
}

const reference = { type: "string", pattern: "\\$\\{[A-Za-z_]" }
const formed = ["enum", "const", "pattern", "minLength", "format"]

function withReferences(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withReferences)
  if (typeof node !== "object" || node === null) return node
  const entries = Object.entries(node)
  if (!isFormedScalar(node)) {
    return Object.fromEntries(
      entries.map(([key, value]) => [key, key === "propertyNames" ? value : withReferences(value)]),
    )
  }
  const said = entries.filter(([key]) => key === "description" || key === "default")
  const form = entries.filter(([key]) => key !== "description" && key !== "default")
  return { ...Object.fromEntries(said), anyOf: [Object.fromEntries(form), reference] }
}

/** Not any text, and not an object or a list. */
function isFormedScalar(node: object): boolean {
  const type = "type" in node ? node.type : undefined
  if (type === "integer" || type === "number" || type === "boolean") return true
  return (type === "string" || type === undefined) && Object.entries(node).some(isForm)
}

/** And not a schema, which is for a member of the reader's that is called so. */
const isForm = ([key, value]: [string, unknown]): boolean =>
  formed.includes(key) && (typeof value !== "object" || Array.isArray(value))
