import type { JsonObject } from "../schema/json.ts"

/** MCP 2026-07-28 says `input_required` of a result that is a question; without `resultType` it is complete. */
export const isFinal = ({ resultType }: JsonObject): boolean =>
  resultType === undefined || resultType === "complete"
