import type { UnknownCallerPolicy } from "../registry/model.ts"
import type { Level } from "./gateway.ts"

/**
 * How a caller that is no registered agent is treated: the stricter of the configuration's `unknownCaller` and the
 * document's `unknownCallerPolicy`. A document can close the gate; only the configuration opens it.
 */
export function unknownCallerLevel(
  configured: Level,
  policy: UnknownCallerPolicy | undefined,
  presentsName: boolean,
): Level {
  if (policy === "denyAll") return "deny"
  if (policy === "allowUnregistered" && !presentsName) return "deny"
  return configured
}
