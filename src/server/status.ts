import type { Ref } from "../registry/model.ts"
import { formatProblem } from "../registry/print-problems.ts"
import type { Problem } from "../registry/problem.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Readiness } from "./admin.ts"
import type { Parts } from "./parts.ts"
import { pinsStatus } from "./pins/pins-status.ts"
import { sourceStatus, tooStale } from "./registry/source-status.ts"

/** Whether to send calls here. Backends do not count: one that is down refuses its own tools and nothing else. */
export function readiness(parts: Parts): Readiness {
  const { audit, compositions, config, current, face, identify } = parts
  const reasons: { code: string; message: string }[] = []
  if (current.isClosing) reasons.push({ code: "closing", message: "the gateway is shutting down" })
  if (current.catalog === undefined)
    reasons.push({ code: "no_catalog", message: "the registry document is being loaded" })
  else if (!current.isServing)
    reasons.push({ code: "starting", message: "the gateway does not listen for callers yet" })
  const stale = tooStale(parts)
  if (stale !== undefined) reasons.push({ code: "registry_stale", message: stale })
  const lost = compositions.journal.trouble
  if (lost !== undefined) reasons.push({ code: "run_journal_unavailable", message: lost.message })
  const { trouble } = audit.state()
  if (trouble !== undefined && config.audit?.onFailure === "deny")
    reasons.push({ code: "audit_unavailable", message: "the audit cannot be written" })
  for (const { issuer, isUsable } of identify.keys()) {
    if (!isUsable)
      reasons.push({ code: "identity_unavailable", message: `the keys of ${issuer} cannot be had` })
  }
  if (reasons.length > 0) return { ready: false, reasons }
  return face.stats().shedding > 0 ? { ready: true, notes: [tooMuch] } : { ready: true }
}

/** Not red: to take one of several out under load would only overload the others. */
const tooMuch = {
  code: "overloaded",
  message: "there are more requests than can be worked on; some are turned away",
}

const startedAt = new Date().toISOString()
const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
const problemsMax = 50
/** Why a document was refused; its warnings, shown along, could push that out of sight. */
const isError = ({ severity }: Problem) => severity === "error"

/** What an operator wants to see at a glance; made of types that hold no secret. */
export function status(parts: Parts): JsonObject {
  const { audit, backends, compositions, face, guarded, identify, options, pinning } = parts
  return plain({
    version: options.version,
    startedAt,
    readiness: readiness(parts),
    warnings: options.warnings,
    registry: registryStatus(parts),
    servers: backends.status().map((of) => ({ ...of, breaker: breakerStatus(guarded, of.server) })),
    pins: pinsStatus(pinning, parts.config.registry.lock),
    compositions: {
      count: compositions.count,
      running: compositions.running,
      notRunnable: compositions.notRunnable(),
      durable: { driven: compositions.durable.size, ...compositions.keeper.counts },
    },
    face: face.stats(),
    tls: tlsStatus(parts),
    audit: { ...audit.head(), ...audit.state() },
    issuers: identify.keys(),
  })
}

/** Undefined where callers speak plain HTTP. */
function tlsStatus({ tls }: Parts): object | undefined {
  if (tls === undefined) return
  const { expiresMs, failures, handshakeFailures, lastError, loadedAtMs } = tls.state
  return {
    expires: time(expiresMs),
    loadedAt: time(loadedAtMs),
    failures,
    handshakeFailures,
    refused: lastError && { at: time(lastError.atMs), reason: lastError.message },
  }
}

/** Undefined where the server has none. */
function breakerStatus(guarded: Parts["guarded"], server: Ref): object | undefined {
  const { standing, openings, retryInMs } = guarded.status(server) ?? {}
  return standing && { state: standing, openings, retryInMs: retryInMs && Math.ceil(retryInMs) }
}

function registryStatus(parts: Parts): object {
  const { config, current, registry } = parts
  const { bug, digest, generation, lastError, loadedAtMs, refusals } = registry.state()
  const { catalog, routes } = current
  return {
    source: config.registry.name,
    http: sourceStatus(parts),
    digest,
    generation,
    loadedAt: time(loadedAtMs),
    refusals,
    refused: lastError && {
      at: time(lastError.atMs),
      problems: lastError.problems.filter(isError).slice(0, problemsMax).map(formatProblem),
    },
    bug: bug && { at: time(bug.atMs), message: bug.message },
    counts: catalog && {
      schemas: catalog.document.schemas.length,
      servers: catalog.servers.length,
      tools: catalog.tools.length,
      agents: catalog.agents.length,
    },
    unavailable: catalog?.tools.flatMap(({ name, version, unavailable }) =>
      unavailable === undefined ? [] : [{ name, version, reason: unavailable }],
    ),
    routes: routes?.problems.map(formatProblem),
  }
}

/** As it is printed: without what is undefined. */
const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject
