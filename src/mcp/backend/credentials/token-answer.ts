import { isObject, member } from "../../../schema/json.ts"
import type { JsonAnswer } from "./json-request.ts"

export interface Token {
  readonly text: string
  readonly livesMs: number
}

export type TokenAnswer =
  | { readonly ok: true; readonly token: Token }
  | {
      readonly ok: false
      /** Holds nothing of the answer but its status and a code that a specification knows. */
      readonly reason: string
      /** What it is about: the endpoint as a whole, or this one request, this one subject. */
      readonly about: "endpoint" | "request"
    }

const textMax = 12 * 1024 // a header with more than about 16 KiB is refused nearly everywhere
const unsaidLifeMs = 300_000
const livesMaxMs = 86_400_000

/** RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 8707 §2. */
const aboutRequest = ["invalid_grant", "invalid_request", "invalid_scope", "invalid_target"]
const aboutClient = ["invalid_client", "unauthorized_client", "unsupported_grant_type"]

/** What a token endpoint answered (RFC 6749 §5, RFC 8693 §2.2). */
export function readTokenAnswer(answer: JsonAnswer): TokenAnswer {
  if (!answer.ok) return refused(answer.reason)
  const { status, value } = answer
  if (status !== 200) return readError(status, value)
  if (!isObject(value)) return refused("its answer is no object")
  const issued = member(value, "issued_token_type")
  if (issued !== undefined && !sendable.includes(String(issued)))
    return refused("it issued something else than an access token")
  const type = member(value, "token_type")
  if (typeof type !== "string" || type.toLowerCase() !== "bearer")
    return refused("it issued no bearer token")
  const text = member(value, "access_token")
  if (typeof text !== "string" || !/^[A-Za-z0-9\-._~+/]+=*$/.test(text) || text.length > textMax)
    return refused("its access token cannot be sent as a bearer token")
  const livesMs = lifeOf(member(value, "expires_in"))
  if (livesMs === undefined) return refused("its token is over already, or ends at no time")
  return { ok: true, token: { text, livesMs } }
}

const tokenTypes = "urn:ietf:params:oauth:token-type:"
export const accessTokenType = `${tokenTypes}access_token`
const sendable = [accessTokenType, `${tokenTypes}jwt`]

function readError(status: number, value: unknown): TokenAnswer {
  const code = isObject(value) ? member(value, "error") : undefined
  const known = [...aboutRequest, ...aboutClient].find((word) => word === code)
  const reason = `it answered ${status}${known === undefined ? "" : ` (${known})`}`
  const isAboutRequest = known !== undefined && aboutRequest.includes(known)
  return { ok: false, reason, about: isAboutRequest && status < 500 ? "request" : "endpoint" }
}

/** Milliseconds; some servers write the seconds as text. Undefined for anything that is not a time in the future. */
function lifeOf(expiresIn: unknown): number | undefined {
  if (expiresIn === undefined) return unsaidLifeMs
  const seconds = typeof expiresIn === "string" ? Number.parseInt(expiresIn, 10) : expiresIn
  if (typeof seconds !== "number" || !(seconds > 0)) return
  return Math.min(seconds * 1_000, livesMaxMs)
}

const refused = (reason: string): TokenAnswer => ({ ok: false, reason, about: "endpoint" })
