import type { Catalog } from "../registry/catalog.ts"
import type { Caller, Evidence } from "./caller.ts"
import { readBearer } from "./identity/bearer.ts"
import {
  agentUris,
  checkBinding,
  checkCertificate,
  findCertificate,
} from "./identity/certificates.ts"
import { findClientInfo } from "./identity/client-info.ts"
import type { Finding, TokenFinding } from "./identity/finding.ts"
import { findForwarded } from "./identity/forwarded-certificate.ts"
import { checkHeaders, findCard, findHeader } from "./identity/headers.ts"
import { createRecent, type Recent } from "./identity/recent.ts"
import { type Case, resolveIdentity } from "./identity/resolve-identity.ts"
import type { IdentityPorts, IdentitySettings } from "./identity/settings.ts"
import { createTrustedHops } from "./identity/trusted-hops.ts"
import { openTokens, type Tokens } from "./jwt.ts"
import { type Result, refuse } from "./refusal.ts"

export interface Identify {
  /** Who calls. A promise only where a token must be verified that was not seen lately. */
  identify(evidence: Evidence, catalog: Catalog): Result<Caller> | Promise<Result<Caller>>
  /** Age and failures of each issuer's keys, for metrics and readiness. */
  keys(): ReturnType<Tokens["states"]>
  /** Stops the timers. */
  close(): void
}

/** Callers remembered per catalog and token: equal evidence makes an equal caller, and it is frozen. */
const callersMax = 10_000
/** The headers fit; a clientInfo can be as long as a request may be, and 10,000 of those are not worth remembering. */
const keyLengthMax = 4_096

/**
 * Who calls, from what a request shows of its sender, in this order: what is malformed is refused; what is presented and
 * wrong is refused, and never taken for absent; then each source says what it says (`identity/`: one file each), and
 * {@link resolveIdentity} makes one caller of it. A session is no evidence: a request that belongs to one must come
 * from the caller that began it. Throws an Error for settings that cannot be meant.
 */
export function createIdentify(settings: IdentitySettings, ports: IdentityPorts): Identify {
  const isTrusted = createTrustedHops(settings.headers.trustedFrom)
  const readUri = settings.mtls.agents.length === 0 ? undefined : agentUris(settings.mtls.agents)
  const tokens = settings.jwt.length === 0 ? undefined : openTokens(settings.jwt, ports)
  const memory = createMemory()

  const conclude = (
    evidence: Evidence,
    catalog: Catalog,
    token: TokenFinding | undefined,
  ): Result<Caller> => {
    const remembered = memory(catalog, token)
    const header = readUri && evidence.forwardedCertificate
    const key = keyOf(evidence, header)
    let caller = remembered.get(key)
    if (caller === undefined) {
      const trusted = isTrusted(evidence)
      const forwarded = readUri && findForwarded(header, trusted, readUri)
      if (forwarded?.ok === false) return forwarded
      const mtls = readUri && findCertificate(evidence.certificate, readUri)
      const proven = { token, mtls, xfcc: forwarded?.value }
      const challenge = tokens !== undefined && token === undefined
      caller = resolveIdentity(gather(evidence, catalog, proven, trusted, settings, challenge))
      if (caller.ok && key.length <= keyLengthMax) remembered.set(key, caller)
    }
    return caller.ok ? ofSession(caller, evidence.sessionPrincipal) : caller
  }

  return {
    identify(evidence, catalog) {
      const headers = checkHeaders(evidence)
      if (!headers.ok) return headers
      if (evidence.certificate !== undefined) {
        const certificate = checkCertificate(evidence.certificate, ports.now())
        if (!certificate.ok) return certificate
      }
      if (tokens === undefined || evidence.authorization === undefined) {
        return conclude(evidence, catalog, undefined)
      }
      const bearer = readBearer(evidence.authorization)
      if (!bearer.ok) return bearer
      const token = tokens.verify(bearer.value)
      if (!(token instanceof Promise)) return then(token, evidence, catalog)
      return token.then((verified) => then(verified, evidence, catalog))
    },
    keys: () => tokens?.states() ?? [],
    close: () => tokens?.close(),
  }

  function then(token: Result<TokenFinding>, evidence: Evidence, catalog: Catalog) {
    if (!token.ok) return token
    const bound = checkBinding(token.value, evidence.certificate)
    if (!bound.ok) return bound
    return conclude(evidence, catalog, token.value)
  }
}

/** One map per catalog and token, gone with either. */
function createMemory() {
  const noToken = {}
  const catalogs = new WeakMap<Catalog, WeakMap<object, Recent<Result<Caller>>>>()
  return (catalog: Catalog, token: TokenFinding | undefined): Recent<Result<Caller>> => {
    let tokens = catalogs.get(catalog)
    if (tokens === undefined) {
      tokens = new WeakMap()
      catalogs.set(catalog, tokens)
    }
    let callers = tokens.get(token ?? noToken)
    if (callers === undefined) {
      callers = createRecent(callersMax)
      tokens.set(token ?? noToken, callers)
    }
    return callers
  }
}

/** The well-formed headers hold no line break, and an empty one is malformed; clientInfo may hold anything. */
function keyOf(evidence: Evidence, forwarded: string | undefined): string {
  const { remote, certificate, agentName, agentVersion, callerAgent, clientInfo } = evidence
  const headers = `${remote}\n${agentName ?? ""}\n${agentVersion ?? ""}\n${callerAgent ?? ""}`
  if (certificate === undefined && forwarded === undefined) return withClient(headers, clientInfo)
  const shown = `${certificate?.thumbprint ?? ""} ${forwarded ?? ""}\n${headers}` // no address has a space
  return withClient(shown, clientInfo)
}

function withClient(headers: string, clientInfo: Evidence["clientInfo"]): string {
  if (clientInfo === undefined) return headers
  const { name, version } = clientInfo
  return `${headers}\n${name.length} ${name}${version === undefined ? "" : `\n${version}`}`
}

interface Proven {
  readonly token: TokenFinding | undefined
  readonly mtls: Finding | undefined
  readonly xfcc: Finding | undefined
}

function gather(
  evidence: Evidence,
  catalog: Catalog,
  { token, mtls, xfcc }: Proven,
  isTrusted: boolean,
  settings: IdentitySettings,
  challenge: boolean,
): Case {
  const { agent } = token ?? {}
  const said = findClientInfo(evidence, catalog)
  const findings = [
    mtls,
    agent && { source: "jwt" as const, trust: "verified" as const, ...agent, isLabel: false },
    findHeader(evidence, isTrusted),
    xfcc,
    findCard(evidence, isTrusted, catalog),
    settings.clientInfo ? said : undefined,
  ].filter((finding) => finding !== undefined)
  const ignored = settings.clientInfo || said?.isLabel ? undefined : said
  const { certificate, remote } = evidence
  const ends = [token, certificate].flatMap((one) => (one === undefined ? [] : one.untilMs))
  const untilMs = ends.length === 0 ? undefined : Math.min(...ends)
  return { findings, ignored, token, untilMs, remote, catalog, settings, challenge }
}

/** A session used by anyone but the caller who began it is as if it never was. */
function ofSession(
  caller: Result<Caller> & { ok: true },
  principal: string | undefined,
): Result<Caller> {
  if (principal === undefined || principal === caller.value.principal) return caller
  return refuse({ code: "unknown_session", reason: "the session belongs to another caller" })
}
