import type { JsonObject } from "../../schema/json.ts"
import type { Dependency } from "../model.ts"

export const dependencyJson = ({ type, name, version, skill }: Dependency): JsonObject => ({
  type,
  name,
  ...(version !== undefined && { version }),
  ...(skill !== undefined && { skill }),
})
