import type { Catalog } from "../../../registry/catalog.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { type Caller, trustLevels } from "../../caller.ts"

/** Whom a run is for, as it is stored: the identity that was found, and never the proof of it. */
export function principalOf(caller: Caller): JsonObject {
  const { agent, name, version, trust, issuer, subject, onBehalfOf } = caller
  return {
    principal: caller.principal,
    trust,
    scopes: [...caller.scopes],
    claims: caller.claims,
    isAgent: agent !== undefined,
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(issuer !== undefined && { issuer }),
    ...(subject !== undefined && { subject }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
  }
}

/** Whether a caller may attach to a run: the same agent, whatever its version, for the same subject. */
export function isSamePrincipal(stored: JsonObject, caller: Caller): boolean {
  const now = principalOf(caller)
  const isNamed = stored["name"] !== undefined
  const same = isNamed ? ["name", "issuer", "subject", "onBehalfOf"] : ["principal"]
  return same.every((member) => stored[member] === now[member])
}

/** The caller of a run that goes on without its call. What it may call is what the plan may. */
export function callerOf(stored: JsonObject, catalog: Catalog): Caller {
  const { claims, scopes } = stored
  const name = textIn(stored, "name")
  const version = textIn(stored, "version")
  const match = name === undefined ? undefined : catalog.findAgent(name, version)
  const [issuer, subject] = [textIn(stored, "issuer"), textIn(stored, "subject")]
  const onBehalfOf = textIn(stored, "onBehalfOf")
  return {
    name,
    version,
    agent: match?.found ? match.agent : undefined,
    trust: trustLevels.find((level) => level === stored["trust"]) ?? "anonymous",
    by: [],
    ...(issuer !== undefined && { issuer }),
    ...(subject !== undefined && { subject }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    scopes: Array.isArray(scopes) ? scopes.map(String) : [],
    claims: isObject(claims) ? claims : {},
    challenge: false,
    remote: "",
    warnings: [],
    principal: textIn(stored, "principal") ?? "",
  }
}

/** Why a run may not go forward any more: its agent, or its composition, was removed. */
export function withdrawnFrom(
  { principal, tool }: { readonly principal: JsonObject; readonly tool: string },
  catalog: Catalog,
): string | undefined {
  if (catalog.toolsNamed(tool).length === 0) return `${tool} is not registered any more`
  if (principal["isAgent"] !== true) return
  const { agent, name } = callerOf(principal, catalog)
  if (agent === undefined) return `agent ${name} is not registered any more`
  return catalog.scopeOf(agent).tools.has(tool)
    ? undefined
    : `agent ${name} does not depend on ${tool} any more`
}

function textIn(object: JsonObject, member: string): string | undefined {
  const value = object[member]
  return typeof value === "string" ? value : undefined
}
