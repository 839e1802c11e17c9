import { infoIn, instructionsIn } from "../../mcp/backend/greeting.ts"
import type { ServerWords } from "../../registry/pins/lock.ts"
import { wordsIn } from "../../registry/pins/read-lock.ts"
import type { JsonObject } from "../../schema/json.ts"

/** What is pinned of a server's answer to the handshake. */
export const saidIn = (greeting: JsonObject): ServerWords =>
  serverWords(infoIn(greeting), instructionsIn(greeting))

export const serverWords = (
  serverInfo: JsonObject | undefined,
  instructions: string | undefined,
): ServerWords =>
  wordsIn({
    ...(serverInfo && { serverInfo }),
    ...(instructions !== undefined && { instructions }),
  })
