import type { Levels } from "../call/gateway.ts"
import type { Resilience } from "../call/resilience/server-guard.ts"
import { plainRule, type ServerRules } from "../call/server-rules.ts"
import type { Plan } from "../compose/plan/plan.ts"
import { callsIn } from "../compose/run/supported.ts"
import { type Address, type Command, isForCallers } from "../mcp/backend/address.ts"
import { withSecrets } from "../mcp/backend/credentials/authorization.ts"
import type { SecretText } from "../mcp/backend/secret-text.ts"
import type { Catalog, CatalogServer, CatalogTool } from "../registry/catalog.ts"
import { refKey, written } from "../registry/model.ts"
import type { Problem, Severity } from "../registry/problem.ts"
import { segment } from "../schema/json.ts"
import type { ProcessConfig, ServerConfig } from "./config/config.ts"
import type { Secret } from "./secret.ts"

export interface Routes {
  /** By `refKey` of the registry's server. A server that is not here answers `backend_unavailable`. */
  readonly addresses: ReadonlyMap<string, Address>
  /** What configuration says of the servers beside where they live. */
  readonly rules: ServerRules
  /** What is done when a server fails, by `refKey`. */
  readonly resilience: ReadonlyMap<string, Resilience>
  /** Of the registry where they have no file; else of the configuration. An error means: do not use these routes. */
  readonly problems: readonly Problem[]
}

/** The parts of a catalog and of a configuration that are joined here. */
export interface RouteInput {
  readonly catalog: Pick<Catalog, "servers" | "agents" | "unknownCallerPolicy">
  readonly servers: readonly ServerConfig[]
  readonly levels: Pick<Levels, "unknownCaller">
  /** Of the catalog's compositions, where they are going to run. */
  readonly plans?: ReadonlyMap<CatalogTool, Plan>
}

/**
 * Where each registered server lives: an exact version first, a bare name where the registry has one version only, and
 * never "latest" or a neighbour. To be computed again with every catalog, because it depends on both sides.
 */
export function planRoutes({ catalog, servers, levels, plans }: RouteInput): Routes {
  const index = indexed(servers)
  const problems = servers.flatMap((server) => duplicate(server, index))
  const addresses = new Map<string, Address>()
  const used = new Map<ServerConfig, CatalogServer>()
  const versions = Map.groupBy(catalog.servers, ({ name }) => name)
  for (const [position, server] of catalog.servers.entries()) {
    const isOnly = versions.get(server.name)?.length === 1
    const match = matching(server, isOnly, index)
    if (match === undefined) {
      problems.push(missing(server, position))
      continue
    }
    if (match.version !== server.version) problems.push(unversioned(server, match))
    used.set(match, server)
    addresses.set(refKey(server.name, server.version), addressOf(match))
  }
  for (const server of servers) {
    if (used.has(server) || first(index, server) !== server) continue
    if (isSelfMade(server, versions)) {
      used.set(server, unregistered(server))
      addresses.set(refKey(server.name, server.version), addressOf(server))
    } else problems.push(unused(server, versions))
  }
  const rules = rulesOf(servers, used)
  problems.push(...strangers(servers, catalog.agents), ...callers(catalog, levels))
  for (const plan of plans?.values() ?? []) problems.push(...passthroughs(plan, addresses))
  const resilience = new Map(
    [...used].map(([entry, { name, version }]) => [refKey(name, version), entry.resilience]),
  )
  return { addresses, rules, resilience, problems }
}

/** A durable run outlives the token of its caller, so it cannot call servers that are called with that token's identity. */
function passthroughs(plan: Plan, addresses: Routes["addresses"]): readonly Problem[] {
  if (!plan.durable) return []
  const servers = new Set(
    callsIn(plan).flatMap(({ server }) =>
      server === undefined ? [] : refKey(server.name, server.version),
    ),
  )
  return [...servers].flatMap((server) => {
    const address = addresses.get(server)
    return address !== undefined && isForCallers(address) ? [passthrough(plan, server)] : []
  })
}

const passthrough = ({ tool }: Plan, server: string): Problem => ({
  code: "saga_passthrough",
  severity: "error",
  pointer: "/tools",
  message: `${written(tool)} outlives its calls, and ${server} is called with the identity of each caller`,
  hint: "give the server credentials of the gateway's own, or call it outside of sagas",
})

/** A server that nobody registered and that is exposed all the same. A bare name may not pass for a registered version. */
const isSelfMade = (
  { name, version, rule }: ServerConfig,
  registered: ReadonlyMap<string, unknown>,
): boolean => rule.expose !== undefined && (version !== undefined || !registered.has(name))

function unregistered({ name, version }: ServerConfig): CatalogServer {
  const ref = version === undefined ? { name } : { name, version }
  return { name, version, entity: { ...ref, provides: [], extra: {} } }
}

function rulesOf(
  servers: readonly ServerConfig[],
  used: ReadonlyMap<ServerConfig, CatalogServer>,
): ServerRules {
  const rules = new Map([...used].map(([{ rule }, server]) => [server, rule] as const))
  const exposed = servers.flatMap((server) => {
    const known = used.get(server)
    return server.rule.expose === undefined || known === undefined ? [] : [known]
  })
  const methods = new Set([...used.keys()].flatMap(({ rule }) => rule.methods))
  return { of: (server) => rules.get(server) ?? plainRule, exposed, methods }
}

/** Agents that an entry exposes its tools to, and that are not registered: no caller can be one of them. */
function strangers(servers: readonly ServerConfig[], agents: Catalog["agents"]): Problem[] {
  const known = new Set(["*", ...agents.flatMap(({ name, entity }) => [name, written(entity)])])
  return servers.flatMap((server) =>
    (server.rule.expose?.to ?? []).flatMap((agent) =>
      known.has(agent) ? [] : [exposedInVain(server, agent)],
    ),
  )
}

const exposedInVain = (server: ServerConfig, agent: string): Problem =>
  configured(server, "expose_unknown_agent", "warn", {
    message: `${server.key} exposes its tools to ${agent}, which is no registered agent`,
    hint: `register ${agent}, or take it out of to`,
  })

/** Entries of the configuration by name, then by version; of two for the same server the first counts. */
type Index = ReadonlyMap<string, ReadonlyMap<string | undefined, ServerConfig>>

function indexed(servers: readonly ServerConfig[]): Index {
  const index = new Map<string, Map<string | undefined, ServerConfig>>()
  for (const server of servers) {
    const named = index.get(server.name) ?? new Map<string | undefined, ServerConfig>()
    if (!named.has(server.version)) named.set(server.version, server)
    index.set(server.name, named)
  }
  return index
}

const first = (index: Index, { name, version }: ServerConfig) => index.get(name)?.get(version)

function matching(
  { name, version }: CatalogServer,
  isOnly: boolean,
  index: Index,
): ServerConfig | undefined {
  const named = index.get(name)
  const exact = named?.get(version)
  if (exact !== undefined || named === undefined) return exact
  if (version !== undefined) return isOnly ? named.get(undefined) : undefined
  const [only, ...others] = named.values()
  return others.length === 0 ? only : undefined
}

/** Where a server of the configuration lives, for whoever connects to it. */
export function addressOf({
  url,
  headers,
  authorization,
  process,
  options,
}: ServerConfig): Address {
  const command = process && commandOf(process)
  if (url !== undefined) {
    const texts = [...headers].map(([name, value]) => [name, secretText(value)] as const)
    return {
      kind: "http",
      url,
      headers: new Map(
        texts.flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])),
      ),
      headerFiles: new Map(
        texts.flatMap(([name, text]) => (typeof text === "string" ? [] : [[name, text]])),
      ),
      ...(authorization && { authorization: withSecrets(authorization, secretText) }),
      process: command,
      options,
    }
  }
  if (command === undefined) throw new TypeError("a server has a url or a command") // the configuration's schema says so
  return { kind: "stdio", process: command, options }
}

export const secretText = (secret: Secret): SecretText => secret.source ?? secret.reveal()

function commandOf({ command, args, env, cwd }: ProcessConfig): Command {
  const texts = [...env].map(([name, value]) => [name, secretText(value)] as const)
  // `node` is the Node that runs the gateway: whatever else stands first on the PATH may be too old for the server.
  const program = command === "node" ? process.execPath : command
  return { command: program, args, env: new Map(texts), cwd }
}

function duplicate(server: ServerConfig, index: Index): Problem[] {
  const earlier = first(index, server)
  if (earlier === undefined || earlier === server) return []
  return [
    configured(server, "route_duplicate", "error", {
      message: `${server.key} and ${earlier.key} mean the same server`,
      hint: "keep one of them",
    }),
  ]
}

function missing(server: CatalogServer, position: number): Problem {
  const key = server.version === undefined ? server.name : `${server.name}:${server.version}`
  return {
    code: "route_missing",
    severity: "warn",
    pointer: `/servers/${position}`,
    message: `the configuration does not say where ${written(server.entity)} lives; its tools are unavailable`,
    hint: `add ${key} to servers in the configuration`,
  }
}

const unversioned = (server: CatalogServer, match: ServerConfig): Problem =>
  configured(match, "route_unversioned", "warn", {
    message: `${match.key} serves ${written(server.entity)}, which is the only version there is`,
    hint:
      server.version === undefined
        ? `give ${server.name} its version in the registry`
        : `write ${server.name}:${server.version}`,
  })

function unused(server: ServerConfig, registered: ReadonlyMap<string, CatalogServer[]>): Problem {
  const versions = (registered.get(server.name) ?? []).map(({ entity }) => written(entity))
  return configured(server, "route_unused", "warn", {
    message: `no server of the registry is ${server.key}`,
    hint:
      versions.length === 0 ? "remove it, or register it" : `registered: ${versions.join(", ")}`,
  })
}

/** What configuration and document say about callers that do not fit together. */
function* callers(
  catalog: RouteInput["catalog"],
  levels: RouteInput["levels"],
): Generator<Problem> {
  const policy = catalog.unknownCallerPolicy
  if (catalog.agents.length === 0 && levels.unknownCaller === "deny")
    yield {
      code: "nobody_served",
      severity: "warn",
      pointer: "/agents",
      message: "no agent is registered and unknown callers are denied: every call will be refused",
      hint: "register the agents, or set registry.validation.runtime.unknownCaller to warn",
    }
  if ((policy === "allowAll" || policy === "allowUnregistered") && levels.unknownCaller === "deny")
    yield {
      code: "unknown_caller_policy_ignored",
      severity: "warn",
      pointer: "/unknownCallerPolicy",
      message: `the document's ${policy} is not followed: the configuration denies unknown callers`,
      hint: "the stricter of the two holds; set registry.validation.runtime.unknownCaller to warn",
    }
}

function configured(
  { key, at }: ServerConfig,
  code: string,
  severity: Severity,
  words: { readonly message: string; readonly hint: string },
): Problem {
  return { code, severity, pointer: `/servers${segment(key)}`, ...words, ...at }
}
