import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import { isObject, type JsonObject, member } from "../../schema/json.ts"
import type { Caller } from "../caller.ts"
import type { Gateway } from "../gateway.ts"
import { takesTasks } from "../interaction/capabilities.ts"
import { visibleTools } from "../list.ts"
import { reachOf } from "../permit.ts"

/** Whether one of this caller's servers, as far as they are known, or a durable run of the gateway answers with tasks. */
export function hasTasks(catalog: Catalog, caller: Caller, gateway: Gateway): boolean {
  const { backends, compositions, levels } = gateway
  const isDurable = (tool: CatalogTool) => compositions.planOf(tool)?.durable === true
  if (visibleTools(catalog, caller, levels).some(isDurable)) return true
  return reachOf(catalog, caller, levels, gateway.rules(catalog)).some(({ server }) =>
    canTask(backends.capabilities(server)),
  )
}

/** The extension (SEP-2663), or `tasks` of MCP 2025-11-25 with calls of tools among its requests. */
function canTask(declared: JsonObject | undefined): boolean {
  const tasks = declared && member(declared, "tasks")
  const requests = isObject(tasks) ? tasks["requests"] : undefined
  const tools = isObject(requests) ? requests["tools"] : undefined
  return takesTasks(declared) || (isObject(tools) && isObject(tools["call"]))
}
