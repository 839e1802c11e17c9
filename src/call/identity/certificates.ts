import type { PeerCertificate } from "../caller.ts"
import { ok, type Result, refuse } from "../refusal.ts"
import type { Finding, TokenFinding } from "./finding.ts"
import { isAgentName, isVersion } from "./names.ts"

/** What a URI of a certificate says of an agent. */
export type ReadUri = (
  uri: string,
) => { readonly name: string; readonly version?: string } | undefined

const place = /\{(name|version)\}/

/**
 * Templates such as `spiffe://example.org/agent/{name}/{version}` for the URIs of agents. Each placeholder stands for
 * one whole segment of the path, all else is literal; the first template that fits decides. Throws an Error for an
 * invalid template.
 */
export function agentUris(templates: readonly string[]): ReadUri {
  const patterns = templates.map(compile)
  return (uri) => {
    for (const pattern of patterns) {
      const { name, version } = pattern.exec(uri)?.groups ?? {}
      if (name === undefined || !isAgentName(name)) continue
      if (version === undefined) return { name }
      if (isVersion(version)) return { name, version }
    }
    return
  }
}

/** Why a template cannot be meant; undefined for a good one. */
export function faultOfTemplate(template: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#{}\s]+\//.test(template))
    return "expected a URI such as spiffe://example.org/agent/{name}/{version}"
  const segments = template.split("/").slice(3)
  if (segments.some((segment) => /[{}]/.test(segment) && !/^\{(?:name|version)\}$/.test(segment)))
    return "expected {name} and {version} as whole segments of the path"
  const count = (what: string) => segments.filter((segment) => segment === what).length
  if (count("{name}") !== 1) return "expected {name} once"
  if (count("{version}") > 1) return "expected {version} at most once"
  return
}

function compile(template: string): RegExp {
  const fault = faultOfTemplate(template)
  if (fault !== undefined) throw new Error(`${template}: ${fault}`)
  const source = template
    .split("/")
    .map((part) => (place.test(part) ? part.replace(place, "(?<$1>[^/]+)") : RegExp.escape(part)))
    .join("/")
  return new RegExp(`^${source}$`)
}

/** A certificate that was shown and is wrong is refused, and not taken for none. */
export function checkCertificate(
  certificate: PeerCertificate | undefined,
  nowMs: number,
): Result<undefined> {
  if (certificate === undefined) return ok(undefined)
  if (certificate.fault !== undefined) return bad(`is not believed: ${certificate.fault}`)
  return certificate.untilMs > nowMs ? ok(undefined) : bad("ended while its connection was open")
}

/** A token that is bound to a certificate (RFC 8705) is good on a connection on which that was shown. */
export const checkBinding = (
  { boundTo }: Pick<TokenFinding, "boundTo">,
  certificate: PeerCertificate | undefined,
): Result<undefined> =>
  boundTo === undefined || boundTo === certificate?.thumbprint
    ? ok(undefined)
    : wrong("the token is bound to a certificate that was not shown (cnf)")

const bad = (what: string) => wrong(`the client certificate ${what}`)

const wrong = (reason: string): Result<never> =>
  refuse({ code: "invalid_credentials", status: 401, words: "invalid credentials", reason })

/** The one URI of a certificate; undefined where it has none or several, since it would be a guess which is meant. */
export const uriOf = ({ uris }: Pick<PeerCertificate, "uris">): string | undefined =>
  uris.length === 1 ? uris[0] : undefined

/**
 * The agent that a certificate is for, of one that {@link checkCertificate} accepts. Undefined where it names none: then
 * it is a hop's.
 */
export function findCertificate(
  certificate: PeerCertificate | undefined,
  read: ReadUri,
): Finding | undefined {
  const uri = certificate && uriOf(certificate)
  const agent = uri === undefined ? undefined : read(uri)
  return (
    agent && { source: "mtls", trust: "verified", version: undefined, ...agent, isLabel: false }
  )
}
