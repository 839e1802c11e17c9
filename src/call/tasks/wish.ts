import type { ServerTool } from "../../registry/catalog.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"
import type { Backends } from "../backends.ts"
import type { CallRequest } from "../call.ts"
import { takesTasks } from "../interaction/capabilities.ts"

/**
 * What a server is asked for in place of the result: what a legacy caller sent, and any task for a modern one that has the
 * extension, where the server lists the tool as one that takes them (a modern server lists none, and decides itself).
 */
export async function wishFor(
  { server, tool }: ServerTool,
  { respondent, task }: Pick<CallRequest, "respondent" | "task">,
  backends: Backends,
): Promise<JsonObject | undefined> {
  if (respondent?.kind !== "rounds" || !takesTasks(respondent.capabilities)) return task
  const { plain } = await backends.list(server, "tools", "known")
  const execution = plain.find(({ name }) => name === tool)?.["execution"]
  const support = isObject(execution) ? execution["taskSupport"] : undefined
  return support === "required" || support === "optional" ? {} : undefined
}

/** Whether it takes a look at the server's list to know. */
export const mayWish = ({ respondent, task }: Pick<CallRequest, "respondent" | "task">): boolean =>
  task !== undefined || (respondent?.kind === "rounds" && takesTasks(respondent.capabilities))
