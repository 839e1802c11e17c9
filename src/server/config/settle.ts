import { dirname, join, resolve } from "node:path"
import type { Resilience } from "../../call/resilience/server-guard.ts"
import type { ToolRules } from "../../call/rules/tool-rules.ts"
import type { ServerRule } from "../../call/server-rules.ts"
import type { Ref } from "../../registry/model.ts"
import { printableUrl } from "../log.ts"
import { Secret } from "../secret.ts"
import type { Config, Place, ProcessConfig, RunStore, ServerConfig } from "./config.ts"
import type { ConfigFile } from "./schema.ts"
import { type ServerFile, serverKey } from "./servers-schema.ts"
import { settleAuthorization } from "./settle-auth.ts"
import { settleIdentity } from "./settle-identity.ts"
import { settleListen } from "./settle-listen.ts"
import { settleRates } from "./settle-rates.ts"
import { settleResults } from "./settle-results.ts"
import { settleSource } from "./settle-source.ts"
import { settleToolRules } from "./settle-tool-rules.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  /** The configuration file, absolute; relative paths are relative to its folder. */
  readonly file: string
  readonly taken: readonly string[]
  /** The file that the secret at `path` was read from; undefined for one that was in none. */
  readonly fileOf: (path: Path) => string | undefined
  readonly placeOf: (path: Path) => Place
  readonly wrong: (path: Path, message: string) => void
}

/** Turns what the file says into what it means. Contradictions are reported, and the result is then not used. */
export function settle(written: ConfigFile, around: Surroundings): Config {
  const { listen, admin, registry, identity, session, audit, log, sbom, limits, explainRefusals } =
    written
  if (listen.port !== 0 && listen.port === admin.port && listen.host === admin.host)
    around.wrong(["admin", "port"], "is the port of listen, too; expected another")
  for (const [key, { auth }] of Object.entries(written.servers))
    if (auth?.tokenExchange !== undefined && identity.jwt === undefined)
      around.wrong(
        ["servers", key, "auth", "tokenExchange"],
        "identity.jwt is not set, and so no caller has a token that could be exchanged",
      )
  checkMethods(written.servers, around)
  return {
    file: around.file,
    listen: settleListen(listen, reader(around)),
    admin,
    registry: settleRegistry(registry, toolRulesOf(written, around), around),
    results: resultsOf(written, around),
    servers: Object.entries(written.servers).map(([key, server]) =>
      settleServer(key, server, { around, limits }),
    ),
    identity: settleIdentity(identity, reader(around)),
    replicaUrl: session.replicaUrl,
    instructions: written.instructions,
    sessionKeys: [session.key ?? []].flat().map((key) => new Secret(key)),
    audit: audit && {
      ...audit,
      file: inFolder(audit.file, around),
      key: audit.key === undefined ? undefined : new Secret(audit.key),
    },
    taken: around.taken.map((value) => new Secret(value)),
    log,
    telemetry: written.telemetry && settleTelemetry(written.telemetry, around),
    sbom,
    limits,
    rateLimits: settleRates(written.rateLimits, around.wrong),
    places: {
      rules: written.rules.map((_, index) => around.placeOf(["rules", index])),
      rateLimits: written.rateLimits.map((_, index) => around.placeOf(["rateLimits", index])),
      sizes: written.results.size.map((_, index) => around.placeOf(["results", "size", index])),
      redactions: written.results.redact.map((_, index) =>
        around.placeOf(["results", "redact", index]),
      ),
      caches: written.results.cache.map((_, index) => around.placeOf(["results", "cache", index])),
    },
    state: settleState(written.state, around),
    explainRefusals,
  }
}

function settleTelemetry(
  telemetry: NonNullable<ConfigFile["telemetry"]>,
  around: Surroundings,
): Config["telemetry"] {
  const { certificate, headers = {}, resource = {} } = telemetry
  const at = ["telemetry", "headers"]
  const secrets = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), reader(around).secret([...at, name], value)] as const,
  )
  return {
    ...telemetry,
    headers: new Map(secrets),
    resource: new Map(Object.entries(resource)),
    certificate: certificate === undefined ? undefined : inFolder(certificate, around),
  }
}

const settleState = (
  { runs, runIds, rates }: ConfigFile["state"],
  around: Surroundings,
): Config["state"] => ({
  runs: runStore(runs, around),
  runIds,
  rates: rates === "memory" ? undefined : new Secret(rates),
})

function runStore(runs: string, around: Surroundings): RunStore {
  if (/^postgres(?:ql)?:\/\//.test(runs)) return { kind: "postgres", url: new Secret(runs) }
  const path = /^sqlite:(.+)$/.exec(runs)?.[1]
  return path === undefined ? { kind: "memory" } : { kind: "sqlite", file: inFolder(path, around) }
}

const inFolder = (path: string, { file }: Surroundings): string => resolve(dirname(file), path)

function toolRulesOf({ rules, identity }: ConfigFile, { wrong }: Surroundings) {
  const issuers = [identity.jwt ?? []].flat()
  const claims = issuers.flatMap(({ callerClaims }) => callerClaims)
  return settleToolRules(rules, { hasTokens: issuers.length > 0, claims, wrong })
}

function resultsOf({ results, servers, limits }: ConfigFile, { wrong }: Surroundings) {
  const forCallers = Object.entries(servers).flatMap(([key, { auth }]) =>
    auth?.tokenExchange === undefined ? [] : [refOfKey(key)],
  )
  return settleResults(results, { forCallers, textCharsMax: limits.resultText, wrong })
}

function refOfKey(key: string): Ref {
  const { name = key, version } = serverKey.exec(key)?.groups ?? {}
  return version === undefined ? { name } : { name, version }
}

function settleRegistry(
  registry: ConfigFile["registry"],
  toolRules: ToolRules | undefined,
  around: Surroundings,
): Config["registry"] {
  const { lock, source, validation, volatileMeta } = registry
  const settled = settleSource(registry, reader(around))
  const beside = source.kind === "file" ? inFolder(source.path, around) : around.file
  return {
    name: settled.kind === "file" ? settled.file : printableUrl(settled.url),
    source: settled,
    lock: lock === undefined ? lockBeside(beside) : inFolder(lock, around),
    volatileMeta,
    knobs: validation.startup,
    levels: { ...validation.runtime, ...(toolRules && { toolRules }) },
  }
}

/** Where the lock of a registry document is by default. */
export const lockBeside = (file: string): string => join(dirname(file), "postern.lock.json")

function settleServer(
  key: string,
  server: ServerFile,
  { around, limits }: { around: Surroundings; limits: Config["limits"] },
): ServerConfig {
  const { name = key, version } = serverKey.exec(key)?.groups ?? {}
  const at = ["servers", key]
  return {
    key,
    at: around.placeOf(at),
    name,
    version,
    url: server.url,
    headers: settleHeaders(server, at, around),
    authorization: server.auth && settleAuthorization(server.auth, [...at, "auth"], reader(around)),
    process: settleProcess(server, at, around),
    options: {
      era: server.era,
      isolation: server.isolation,
      timeoutMs: server.timeout ?? limits.backendTimeout,
      concurrencyMax: server.concurrency ?? limits.backendConcurrency,
      queueMax: server.queue ?? limits.backendQueue,
      answerBytesMax: server.answerBytes ?? limits.backendAnswerBytes,
    },
    rule: settleRule(server),
    resilience: settleResilience(server, limits),
  }
}

const settleResilience = (
  { breaker, retries }: ServerFile,
  limits: Config["limits"],
): Resilience => ({
  breaker:
    breaker === "off"
      ? undefined
      : {
          failures: breaker?.failures ?? limits.breakerFailures,
          share: limits.breakerPercent / 100,
          callsMin: limits.breakerCalls,
          windowMs: limits.breakerWindow,
          resetMs: breaker?.openFor ?? limits.breakerOpen,
          successes: 1,
        },
  retries: retries ?? limits.backendRetries,
})

const settleRule = (server: ServerFile): ServerRule => ({
  resources: server.resources,
  prompts: server.prompts,
  expose: server.to && { prefix: server.prefix, to: server.to },
  methods: server.methods,
  extensions: server.extensions,
})

/** A method goes to one server. */
function checkMethods(servers: ConfigFile["servers"], { wrong }: Surroundings): void {
  const owners = new Map<string, string>()
  for (const [key, { methods }] of Object.entries(servers)) {
    for (const [index, method] of methods.entries()) {
      const owner = owners.get(method)
      if (owner === undefined) owners.set(method, key)
      else wrong(["servers", key, "methods", index], `goes to ${owner} already`)
    }
  }
}

/** A bearer token is a header like others. */
function settleHeaders({ auth, headers = {} }: ServerFile, at: Path, around: Surroundings) {
  const { secret } = reader(around)
  const settled = Object.entries(headers).map(
    ([name, value]) =>
      [name.toLowerCase(), secret([...at, "headers", name], String(value))] as const,
  )
  if (auth?.bearer === undefined) return new Map(settled)
  const file = around.fileOf([...at, "auth", "bearer"])
  return new Map([
    ...settled,
    ["authorization", new Secret(auth.bearer, { file, prefix: "Bearer " })],
  ])
}

const reader = (around: Surroundings) => ({
  secret: (path: Path, value: string) => new Secret(value, { file: around.fileOf(path) }),
  inFolder: (path: string) => inFolder(path, around),
  wrong: around.wrong,
})

function settleProcess(
  server: ServerFile,
  at: Path,
  around: Surroundings,
): ProcessConfig | undefined {
  if (server.command === undefined) return
  return {
    command: server.command,
    args: (server.args ?? []).map(String),
    env: new Map(
      Object.entries(server.env ?? {}).map(([name, value]) => [
        name,
        reader(around).secret([...at, "env", name], String(value)),
      ]),
    ),
    cwd: inFolder(server.cwd ?? ".", around),
  }
}
