import { isObject, type Json, type JsonObject, member } from "../schema/json.ts"

/**
 * An icon of MCP 2025-11-25 (`Icon`): `src`, and what else its server says of it. Clients fetch what `src` names, so its
 * scheme is one that the specification lets them follow.
 */
export const isIcon = (value: Json): value is JsonObject => {
  const src = isObject(value) ? member(value, "src") : undefined
  return typeof src === "string" && /^(?:https?:\/\/|data:image\/)/i.test(src)
}
