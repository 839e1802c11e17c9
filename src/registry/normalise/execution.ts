import { type JsonObject, member } from "../../schema/json.ts"
import { readObject, type Written } from "./fields.ts"

/** What MCP 2025-11-25 has (ToolExecution): whether the tool may, must or must not be called as a task. */
const taskSupports: readonly unknown[] = ["forbidden", "optional", "required"]

/** The `execution` of a tool or a provision; another word for `taskSupport` is reported and left out. */
export function readExecution(from: Written): JsonObject | undefined {
  const written = readObject(from, "execution")
  if (written === undefined) return
  const support = member(written, "taskSupport")
  if (support === undefined || taskSupports.includes(support)) return written
  from.context.report({
    code: "invalid_value",
    severity: "error",
    pointer: `${from.pointer}/execution/taskSupport`,
    message: `expected ${taskSupports.join(", ")}, found ${JSON.stringify(support)}`,
  })
  const { taskSupport: _, ...rest } = written
  return rest
}
