import { randomId } from "../random-id.ts"

/** 128 and 64 random bits as hex digits; all zeros are no id (W3C Trace Context, 3.2.2), and do not happen. */
export const traceId = (): string => randomId()

let half = ""

/** Two of one draw: a span id is half as long. */
export function spanId(): string {
  if (half === "") {
    const whole = randomId()
    half = whole.slice(16)
    return whole.slice(0, 16)
  }
  const id = half
  half = ""
  return id
}
