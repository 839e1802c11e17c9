import { type Caller, type EvidenceSource, type Trust, trustLevels } from "../../call/caller.ts"
import type { Levels } from "../../call/gateway.ts"
import { findClientInfo } from "../../call/identity/client-info.ts"
import { resolveIdentity } from "../../call/identity/resolve-identity.ts"
import type { IdentitySettings } from "../../call/identity/settings.ts"
import { mayGet, mayRead, permit, permitInside, reachOf } from "../../call/permit.ts"
import { reasonOf } from "../../call/reason.ts"
import type { Result } from "../../call/refusal.ts"
import type { ServerRules } from "../../call/server-rules.ts"
import { registered } from "../../compose/plan/callee.ts"
import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import type { Details } from "../../registry/details.ts"
import type { AuditEntry, EntryRef } from "./entry.ts"
import { decidesBy, knownRules } from "./replay-rules.ts"
import { refIn } from "./usage.ts"

/** The registry that calls are judged by, and those parts of the configuration that decide with it. */
export interface Judgement {
  readonly catalog: Catalog
  readonly details: Details
  readonly levels: Levels
  readonly identity: Pick<
    IdentitySettings,
    "minTrust" | "onConflict" | "unknownCaller" | "clientInfo"
  >
  readonly rules: ServerRules
}

/** What would become of a recorded call. */
export type Outcome =
  /** `to` is the version that it would go to, where that is known. */
  | { readonly would: "allow"; readonly to: string | undefined }
  | { readonly would: "refuse"; readonly code: string; readonly reason: string }
  /**
   * The composition that made the call is not there: nothing would be called, and the composition's own call shows
   * that.
   */
  | { readonly would: "not_run"; readonly reason: string }
  /** The audit does not say enough. */
  | { readonly would: "undecided"; readonly reason: string }

/**
 * What the gateway would say to a recorded call under another registry: the caller is found by what identified it, and
 * the same `permit` as in the way of a call decides. Arguments are not in the audit, so nothing is said about schemas,
 * and a rule that looks at more than the audit has stays undecided.
 */
export function replay(entry: AuditEntry, judgement: Judgement): Outcome {
  const { caller, target, kind } = entry
  if (caller === undefined)
    return { would: "undecided", reason: "the record does not say who called" }
  if (target === undefined)
    return { would: "undecided", reason: "the record does not say what was called" }
  const who = identified(entry, judgement)
  if (who === undefined) return { would: "undecided", reason: "identified in a way not known here" }
  if (!who.ok) return refused(who)
  if (kind === "step") return replayStep(target, entry, who.value, judgement)
  return kind === "call"
    ? replayCall(target, entry, who.value, judgement)
    : replayRequest(entry, who.value, judgement)
}

const sources: ReadonlySet<string> = new Set<EvidenceSource>([
  "mtls",
  "jwt",
  "header",
  "xfcc",
  "card",
  "clientInfo",
])
const isSource = (text: string): text is EvidenceSource => sources.has(text)
const isTrust = (text: string): text is Trust => trustLevels.some((level) => level === text)

/** Undefined for evidence of a kind that this version does not have. */
function identified(
  { caller, warnings, remote = "" }: AuditEntry,
  { catalog, identity }: Judgement,
): Result<Caller> | undefined {
  const { name, by = [], trust = "" } = caller ?? {}
  const nothing = { ignored: undefined, token: undefined, untilMs: undefined }
  const rest = { ...nothing, remote, catalog, challenge: false }
  if (name === undefined) return resolveIdentity({ ...rest, findings: [], settings: identity })
  const [source = ""] = by
  if (!isSource(source) || !isTrust(trust)) return
  // A version that was assumed was not said: it is what the registry of then had.
  const version = warnings.includes("version_assumed") ? undefined : caller?.version
  const said = { clientInfo: { name, ...(version !== undefined && { version }) } }
  const isLabel = source === "clientInfo" && findClientInfo(said, catalog)?.isLabel === true
  const findings = [{ source, trust, name, version, isLabel }]
  return resolveIdentity({ ...rest, findings, settings: identity })
}

function replayCall(
  target: EntryRef,
  { warnings }: AuditEntry,
  caller: Caller,
  { catalog, levels }: Judgement,
): Outcome {
  const permitted = permit(catalog, caller, target.name, knownRules(levels))
  if (permitted.ok) return allowed(permitted.value.tool, caller, levels)
  if (permitted.refusal.code === "unknown_tool" && warnings.includes("exposed"))
    return {
      would: "undecided",
      reason: "a server exposed the tool, and only it knows whether it does",
    }
  return refused(permitted)
}

function allowed(tool: CatalogTool, caller: Caller, levels: Levels): Outcome {
  const reason = decidesBy(tool, caller, levels)
  return reason === undefined
    ? { would: "allow", to: tool.version }
    : { would: "undecided", reason }
}

function refused(result: Extract<Result<unknown>, { ok: false }>): Outcome {
  const { refusal } = result
  return {
    would: "refuse",
    code: refusal.code,
    reason: reasonOf(refusal) ?? "there is no such tool",
  }
}

function replayStep(
  target: EntryRef,
  entry: AuditEntry,
  caller: Caller,
  judgement: Judgement,
): Outcome {
  const { catalog, levels } = judgement
  const by = refIn(entry.note["by"])
  if (by === undefined)
    return { would: "undecided", reason: "the record does not say which composition called" }
  const composition = compositionMeant(by, caller, judgement)
  if (composition === undefined)
    return { would: "not_run", reason: `there is no composition ${by.name} for this caller` }
  const { entity } = composition
  const authority = { tool: entity, depends: entity.depends ?? [] }
  const call = callMeant(target, entry, composition, judgement)
  const permitted = permitInside(catalog, caller, authority, call, knownRules(levels))
  return permitted.ok ? allowed(permitted.value.tool, caller, levels) : refused(permitted)
}

/** The composition in the version that called; where that is gone, the one that the caller would get. */
function compositionMeant(
  { name, version }: EntryRef,
  caller: Caller,
  { catalog, levels }: Judgement,
): CatalogTool | undefined {
  const permitted = permit(catalog, caller, name, knownRules(levels))
  const exact = catalog.tool(name, version)
  const found = exact ?? (permitted.ok ? permitted.value.tool : registered({ name }, catalog))
  return found?.implementation.kind === "composition" ? found : undefined
}

type Called = Parameters<typeof permitInside>[3]

/** The call as the composition makes it now: the version is the composition's to say. */
function callMeant(
  { name, version }: EntryRef,
  { server }: AuditEntry,
  { entity }: CatalogTool,
  { details }: Judgement,
): Called {
  const granted = (entity.depends ?? []).filter((one) => one.type === "tool" && one.name === name)
  const grant = granted.find((one) => one.version === version) ?? granted[0]
  const direct = details
    .calls(entity)
    .find((call) => call.kind === "direct" && call.name === name && call.server === server?.name)
  if (grant === undefined && direct?.server !== undefined) {
    const { serverVersion } = direct
    const at = serverVersion === undefined ? {} : { serverVersion }
    return { kind: "direct", server: direct.server, ...at, tool: name }
  }
  const meant = grant === undefined ? version : grant.version
  return { kind: "tool", name, ...(meant !== undefined && { version: meant }) }
}

/** Resources, prompts and completions go to the servers that a caller reaches, whatever their version. */
function replayRequest(
  { server, target, method }: AuditEntry,
  caller: Caller,
  { catalog, levels, rules }: Judgement,
): Outcome {
  if (server === undefined)
    return { would: "undecided", reason: "the record does not say which server has it" }
  const reached = reachOf(catalog, caller, knownRules(levels), rules).filter(
    (one) => one.server.name === server.name,
  )
  const name = target?.name ?? ""
  const may = reached.some((reach) =>
    target?.type === "prompt" ? mayGet(reach, name) : mayRead(reach, name),
  )
  if (may) return { would: "allow", to: undefined }
  const code = target?.type === "prompt" ? "unknown_prompt" : "unknown_resource"
  const reason = `no server that the caller reaches lets it through (${method ?? "request"})`
  return { would: "refuse", code, reason }
}
