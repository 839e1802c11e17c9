import type { CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { checkSchema } from "../../schema/guard.ts"
import { isObject, type Json, type JsonObject, type JsonSchema, member } from "../../schema/json.ts"

/** A tool that a server lists: to print, and to look at (see `Listed`). */
export interface LiveTool {
  readonly definition: JsonObject
  readonly plain: JsonObject
}

export type Exposing =
  | { readonly ok: true; readonly tool: CatalogTool }
  | { readonly ok: false; readonly why: string }

/** As MCP asks for it, and with `/`, which some servers use. */
const soundName = /^[A-Za-z0-9_./-]{1,128}$/

/** A server's own tool as callers see it under `name`, or why it is left out. Its schemas are a stranger's. */
export function exposedTool(
  name: string,
  server: CatalogServer,
  { definition, plain }: LiveTool,
): Exposing {
  if (!soundName.test(name)) return left("its name is not 1 to 128 letters, digits and _ . - /")
  const { name: own, title, description } = plain
  const inputSchema = member(plain, "inputSchema")
  if (!isObject(inputSchema) || inputSchema["type"] !== "object")
    return left("its inputSchema is no schema of an object")
  const outputSchema = member(plain, "outputSchema")
  if (outputSchema !== undefined && !isSchema(outputSchema)) return left("its outputSchema is none")
  const refused = judgeSchemas(plain)
  if (refused !== undefined) return left(refused)
  return {
    ok: true,
    tool: {
      name,
      version: undefined,
      entity: { name, extra: {} }, // its annotations are the server's word: the audit takes it to have effects
      implementation: {
        kind: "source",
        server,
        choice: undefined,
        tool: String(own),
        defaults: {},
        perCaller: new Map(),
        hidden: new Set(),
        inputSchema: undefined,
      },
      shown: {
        title: textOr(title),
        description: textOr(description),
        inputSchema,
        outputSchema,
        annotations: undefined,
      },
      definition: { ...definition, name },
      unavailable: undefined,
    },
  }
}

const textOr = (value: Json | undefined) => (typeof value === "string" ? value : undefined)
const isSchema = (value: Json): value is JsonSchema => isObject(value) || typeof value === "boolean"

/** Why the schemas of a tool are too much to look at; undefined where they are not. Quick when it is asked again. */
export const judgeSchemas = (plain: JsonObject): string | undefined =>
  refusedBy(member(plain, "inputSchema")) ?? refusedBy(member(plain, "outputSchema"))

function refusedBy(schema: Json | undefined): string | undefined {
  if (schema === undefined || !isSchema(schema)) return
  const check = checkSchema(schema)
  if (check.verdict !== "refused") return
  const [finding] = check.findings
  return `its schema is refused: ${finding?.message}`
}

const left = (why: string): Exposing => ({ ok: false, why })
