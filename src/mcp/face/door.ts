import { type Fail, httpFail } from "./errors.ts"
import { header, type RequestHeaders } from "./headers.ts"

/** Who may knock: values of `Host`, and of `Origin` where there is one. */
export interface Door {
  isOurHost(host: string): boolean
  readonly origins: ReadonlySet<string>
  readonly bodyBytesMax: number
}

/**
 * What can be said of a request before its body is read, in this order: Host and Origin (a page in a browser that was
 * talked into asking us: 403), method, media type, encoding, size.
 */
export function knock(
  door: Door,
  method: string | undefined,
  headers: RequestHeaders,
): Fail | undefined {
  const host = header(headers, "host")
  if (host === undefined || !door.isOurHost(host))
    return httpFail(403, "Forbidden: Host is not allowed")
  const origin = header(headers, "origin")
  if (origin !== undefined && !door.origins.has(origin) && !isOwnPage(origin, host))
    return httpFail(403, "Forbidden: Origin is not allowed")
  if (method === "POST") return bodyFault(door, headers)
  if (method === "GET" || method === "DELETE") return undefined
  return httpFail(405, "Method not allowed", { allow: "POST, GET, DELETE" })
}

const port = /:\d{1,5}$/

/** Whether a `Host` is one of these. An entry with a port has to match exactly; one without means any port. */
export function hostsOf(hosts: readonly string[]): Door["isOurHost"] {
  const ours = new Set(hosts.map((host) => host.toLowerCase()))
  let last: string | undefined // nearly every request names the host that the one before it named
  return (host) => {
    if (host === last) return true
    const name = host.toLowerCase()
    const isOurs = ours.has(name) || ours.has(name.replace(port, ""))
    if (isOurs) last = host
    return isOurs
  }
}

/**
 * A page that this very listener served on this machine. A page that made its own name resolve to this machine has
 * another origin, and so has one of another local port. Beyond loopback the scheme is not ours to know.
 */
const isOwnPage = (origin: string, host: string | undefined): boolean =>
  host !== undefined &&
  loopback.test(host) &&
  origin.toLowerCase() === `http://${host}`.toLowerCase()
const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

function bodyFault(door: Door, headers: RequestHeaders): Fail | undefined {
  if (!isJson(header(headers, "content-type")))
    return httpFail(415, "Unsupported media type: send application/json")
  const encoding = header(headers, "content-encoding")
  if (encoding !== undefined && encoding.toLowerCase() !== "identity")
    return httpFail(415, "Unsupported content encoding: send the body as it is")
  const length = header(headers, "content-length")
  return length !== undefined && Number(length) > door.bodyBytesMax
    ? tooLarge(door.bodyBytesMax)
    : undefined
}

export const tooLarge = (bodyBytesMax: number): Fail =>
  httpFail(413, `The body is larger than ${bodyBytesMax} bytes`, { connection: "close" })

/** `application/json` with any parameters; a charset, where named, is UTF-8 (RFC 8259 §8.1). */
const jsonType = /^application\/json[ \t]*(?:;|$)/i
const isJson = (type: string | undefined): boolean =>
  type === "application/json" || (type !== undefined && jsonType.test(type))

/** What the caller can read: `Accept`, read leniently. Missing or `*` means JSON. */
export interface Accepts {
  readonly json: boolean
  readonly stream: boolean
}

const both: Accepts = { json: true, stream: true }

export function accepts(headers: RequestHeaders): Accepts {
  const accept = header(headers, "accept")
  if (accept === "application/json, text/event-stream") return both
  if (accept === undefined) return { json: true, stream: false }
  const types = accept.split(",").map((part) => (part.split(";")[0] ?? "").trim().toLowerCase())
  return {
    json: types.some((type) => jsonLike.includes(type)),
    stream: types.some((type) => type === "text/event-stream" || type === "text/*"),
  }
}
const jsonLike = ["application/json", "application/*", "*/*", ""]
