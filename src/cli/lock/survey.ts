import { type Visit, Visitor } from "../../mcp/backend/visit.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { toEnd } from "../../registry/load.ts"
import { type Ref, refKey, written } from "../../registry/model.ts"
import { judgeServer } from "../../registry/pins/judge-server.ts"
import { type Lock, serverPin } from "../../registry/pins/lock.ts"
import type { Looked } from "../../registry/pins/update-lock.ts"
import { type Wanted, wantedOf } from "../../registry/pins/wanted.ts"
import type { Config } from "../../server/config/config.ts"
import { backendLimitsOf } from "../../server/limit-sets.ts"
import { serverWords } from "../../server/pins/server-words.ts"
import { planRoutes, type Routes } from "../../server/routes.ts"
import { version } from "../version.ts"

/** A server, as it was looked at; or why it was not. */
export type Surveyed =
  | ({ readonly ok: true; readonly dropped: readonly string[] } & Looked)
  | Unseen

export interface Unseen {
  readonly ok: false
  readonly wanted: Wanted
  readonly reason: string
  /** The last that its process said. */
  readonly lastWords: readonly string[]
  /** Nothing is wrong: it can only be asked for one of its callers. */
  readonly isByDesign: boolean
}

export interface SurveyOptions {
  readonly config: Config
  readonly addresses: Routes["addresses"]
  readonly lock: Lock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Told of each server when it is done. */
  readonly progress: (surveyed: Surveyed) => void
}

/** The servers of which something can be pinned, in the order of the registry. */
export function wantedServers(config: Config, catalog: Catalog) {
  const { servers, registry } = config
  const { addresses, rules } = planRoutes({ catalog, servers, levels: registry.levels })
  const wanted = [...wantedOf(catalog, rules.exposed).values()]
  return { addresses, wanted: wanted.filter(({ tools, isExposed }) => isExposed || tools.size > 0) }
}

/** Servers that are asked at a time. */
const atOnceMax = 8

/** Looks at servers and compares each with its pins. Never rejects: one that is down is no reason not to look at the others. */
export async function survey(
  servers: readonly Wanted[],
  options: SurveyOptions,
): Promise<readonly Surveyed[]> {
  const { config, timeoutMs } = options
  const visitor = new Visitor({
    identity: { name: "postern-cli", version: version() },
    timeoutMs,
    limits: backendLimitsOf(config.limits),
    secrets: config.taken.map((secret) => secret.reveal()),
  })
  const found = new Map<Wanted, Surveyed>()
  const waiting = [...servers]
  const work = async () => {
    for (let wanted = waiting.shift(); wanted !== undefined; wanted = waiting.shift()) {
      const surveyed = await surveyOne(wanted, visitor, options)
      found.set(wanted, surveyed)
      options.progress(surveyed)
    }
  }
  await Promise.all(Array.from({ length: atOnceMax }, work))
  await visitor.close()
  return servers.flatMap((wanted) => found.get(wanted) ?? [])
}

async function surveyOne(
  wanted: Wanted,
  visitor: Visitor,
  options: SurveyOptions,
): Promise<Surveyed> {
  const { name, version } = wanted.server
  const address = options.addresses.get(refKey(name, version))
  const unseen = { ok: false, wanted, lastWords: [], isByDesign: false } as const
  if (address === undefined)
    return { ...unseen, reason: "the configuration does not say where it lives" }
  if (address.kind === "http" && address.authorization?.kind === "token_exchange")
    return { ...unseen, isByDesign: true, reason: "it is called with its callers' identities" }
  const visit = await visitor.visit(address, options.signal)
  if (!visit.ok) return { ...unseen, reason: visit.failure.reason, lastWords: visit.lastWords }
  return looked(wanted, visit, options)
}

function looked(
  wanted: Wanted,
  { info, instructions, tools, dropped }: Visit & { readonly ok: true },
  { lock, config }: SurveyOptions,
): Surveyed {
  const pin = serverPin(lock, wanted.server)
  const listed = tools.map(({ definition }) => definition)
  const words = serverWords(info, instructions)
  const compared = { wanted, pin, listed, words, isPartial: false }
  const { volatileMeta } = config.registry
  const findings = toEnd(judgeServer(compared, { volatileMeta }))
  return {
    ok: true,
    wanted,
    pin,
    listed,
    words,
    findings,
    dropped: dropped.map(({ tool }) => tool),
  }
}

export const nameOf = ({ server }: { readonly server: Ref }): string => written(server)
