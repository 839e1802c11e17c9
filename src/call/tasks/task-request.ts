import type { JsonObject } from "../../schema/json.ts"
import type { Cancellation } from "../cancellation.ts"
import type { Inquiry } from "../inquiry.ts"
import type { Respondent } from "../interaction/peer.ts"

/** `tasks/get`, `tasks/result`, `tasks/update` or `tasks/cancel`, as a protocol face of either era read it. */
export interface TaskRequest extends Inquiry {
  readonly taskId: string
  /** All parameters but `_meta`, with numbers digit for digit. */
  readonly params: JsonObject
  readonly meta: JsonObject | undefined
  readonly cancellation: Cancellation | undefined
  readonly onNotification: ((notification: JsonObject) => void) | undefined
  readonly respondent: Respondent
}
