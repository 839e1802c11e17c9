import { z } from "zod"
import { ConfigFile } from "./schema.ts"

export type Schema = z.core.JSONSchema.JSONSchema

let made: Schema | undefined

/**
 * The configuration file as JSON Schema 2020-12: what editors complete from. `config/postern.schema.json` is this, and
 * the first line of a configuration names it: `# yaml-language-server: $schema=…/postern.schema.json`.
 */
export function configSchema(): Schema {
  made ??= { title: "Postern's configuration", ...z.toJSONSchema(ConfigFile, { io: "input" }) }
  return made
}
