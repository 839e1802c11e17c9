import { isObject, type JsonObject, member } from "../../schema/json.ts"
import { metaKeys } from "../meta-keys.ts"

/**
 * `serverInfo` (MCP `Implementation`) in an answer to `initialize`, or to `server/discover`, which has it in `_meta`.
 */
export function infoIn(greeting: JsonObject): JsonObject | undefined {
  const meta = member(greeting, "_meta")
  const modern = isObject(meta) ? meta[metaKeys.serverInfo] : undefined
  const info = modern ?? member(greeting, "serverInfo")
  return isObject(info) ? info : undefined
}

/** `instructions` in the same. */
export function instructionsIn(greeting: JsonObject): string | undefined {
  const instructions = member(greeting, "instructions")
  return typeof instructions === "string" ? instructions : undefined
}
