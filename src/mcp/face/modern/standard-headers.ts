import type { JsonObject } from "../../../schema/json.ts"
import { decodeHeaderValue } from "../../header-value.ts"
import { mismatch, trimmed } from "../classify.ts"
import type { Fail } from "../errors.ts"
import { header, type RequestHeaders } from "../headers.ts"

/** The member of `params` that `Mcp-Name` repeats, for the methods that have one (SEP-2243, SEP-2663). */
const named: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
])

/**
 * The headers every modern request has, compared with its body (-32020). That they contradict it is found when the era
 * is; here they may also be missing. What is executed is the body, never a header.
 */
export function standardHeaderFault(
  headers: RequestHeaders,
  method: string,
  params: JsonObject | undefined,
): Fail | undefined {
  if (header(headers, "mcp-protocol-version") === undefined)
    return mismatch("MCP-Protocol-Version is missing")
  if (header(headers, "mcp-method") === undefined) return mismatch("Mcp-Method is missing")
  const key = named.get(method)
  if (key === undefined) return undefined
  const value = params?.[key]
  const sent = trimmed(header(headers, "mcp-name"))
  if (sent === undefined)
    return typeof value === "string" ? mismatch("Mcp-Name is missing") : undefined
  if (sent === value) return undefined
  const decoded = decodeHeaderValue(sent)
  if (decoded === undefined) return mismatch("Mcp-Name is not canonical Base64 of UTF-8")
  return typeof value === "string" && decoded !== value
    ? mismatch("Mcp-Name and the body name different things")
    : undefined
}
