import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { refusalOf } from "../../support/e2e-gateway.ts"
import { both, modern } from "../../support/face-server.ts"

/** What came of one call: `ok`, a refusal's code, `unknown tool`, `lost` (the connection broke), `hung`, or `wrong: …` (another's answer). */
export type Fate = string

/** The fate of a request that was turned away without `Retry-After`. */
export const abrupt = "turned away for nobody knows how long"

/** A call without an answer after this long hangs: more than every limit of the gateway. */
const patienceMs = 20_000

export interface Call {
  readonly tool: string
  /** Whose call it is and its number, which the server says back. */
  readonly args: { readonly agent: string; readonly n: number }
  /** Who says so. */
  readonly proof: Readonly<Record<string, string>>
}

/** Makes one call. */
export async function make(url: string, { args, proof, tool }: Call): Promise<Fate> {
  const { n } = args
  const { message, headers } = modern("tools/call", { name: tool, arguments: args }, n)
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...proof, ...headers, "content-type": "application/json", accept: both },
      body: JSON.stringify(message),
      signal,
    })
    if ([429, 503].includes(response.status) && !response.headers.has("retry-after")) return abrupt
    return fateOf(JSON.parse(await response.text()), args)
  } catch (error) {
    if (signal.aborted) return "hung"
    if (error instanceof TypeError) return "lost" // what fetch throws
    throw error
  }
}

function fateOf(answer: JsonObject, args: Call["args"]): Fate {
  const { n } = args
  if (isTurnedAway(answer)) return "overloaded"
  if (answer["id"] !== n) return `wrong: answer ${JSON.stringify(answer["id"])} to ${n}`
  const { error, result } = answer
  const refusal = refusalOf(isObject(result) ? result : answer)
  if (refusal !== undefined) return String(refusal)
  if (isObject(error))
    return String(error["message"]).startsWith("Unknown tool") ? "unknown tool" : "an error"
  const text = JSON.stringify(result)
  return text.includes(JSON.stringify(JSON.stringify(args))) ? "ok" : `wrong: ${text}`
}

/** A request that was turned away unread has no id that its answer could carry. */
const isTurnedAway = (answer: JsonObject): boolean =>
  (answer["id"] ?? null) === null && refusalOf(answer) === "overloaded"
