import { ok, type Result, refuse } from "../refusal.ts"
import { type ReadUri, uriOf } from "./certificates.ts"
import type { Finding } from "./finding.ts"

/**
 * What a proxy that terminates TLS says of the certificate it was shown, in Envoy's `X-Forwarded-Client-Cert`: an
 * element for each hop, of which the last is the nearest and so the only one that our peer itself has seen. From a hop
 * that is not trusted it is ignored, since anybody can write it. One that cannot be parsed is refused.
 */
export function findForwarded(
  header: string | undefined,
  isTrusted: boolean,
  read: ReadUri,
): Result<Finding | undefined> {
  if (header === undefined || !isTrusted) return ok(undefined)
  const uris = lastUris(header)
  if (uris === undefined) return malformed
  const uri = uriOf({ uris })
  const agent = uri === undefined ? undefined : read(uri)
  return ok(
    agent && { source: "xfcc", trust: "asserted", version: undefined, ...agent, isLabel: false },
  )
}

const malformed: Result<never> = refuse({
  code: "invalid_credentials",
  status: 400,
  words: "invalid credentials",
  reason: "X-Forwarded-Client-Cert is malformed",
})

/** A pair, and what ends it: `;` before another of the same hop, `,` before another hop. Quotes hide both. */
const pair = /\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)(;|,|$)/y

/** The URIs of the last element; undefined for anything that is not such a header. */
function lastUris(header: string): readonly string[] | undefined {
  let uris: string[] = []
  let end = ","
  pair.lastIndex = 0
  while (end !== "") {
    const found = pair.exec(header)
    if (found === null) return
    const [, key = "", value = "", next = ""] = found
    if (end === ",") uris = []
    if (key.toLowerCase() === "uri") uris.push(unquoted(value))
    end = next
  }
  return uris
}

const unquoted = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value
