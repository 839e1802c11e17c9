import type { JsonObject } from "../../schema/json.ts"
import { digestsOf, withoutVolatile } from "./definition.ts"
import type { Approval, ToolPin } from "./lock.ts"

/** Members of `_meta` that differ from one list to the next are not pinned. */
export interface PinOptions {
  readonly volatileMeta: readonly string[]
}

const pinOptions: PinOptions = { volatileMeta: [] }

/** Pins a tool as its server defines it now; undefined for what has no name, or no canonical form. */
export function pinTool(
  listed: JsonObject,
  { volatileMeta }: PinOptions = pinOptions,
  approval?: Approval,
): ToolPin | undefined {
  const { name } = listed
  const definition = withoutVolatile(listed, volatileMeta)
  const digests = digestsOf(definition)
  if (typeof name !== "string" || digests === undefined) return
  return {
    name,
    definition,
    digest: digests.definition,
    full: digests.full,
    ...(approval && { approval }),
  }
}
