import type { Config } from "./config.ts"
import { httpOnly } from "./registry-schema.ts"
import { isProtected } from "./scalars.ts"
import type { ConfigFile } from "./schema.ts"
import type { Path } from "./walk.ts"

/** A setting that works, and that its owner should know about. */
export interface Warning {
  readonly path: Path
  readonly message: string
}

/** One warning for each permissive setting, for each setting that has no effect, and for what is missing. */
export const warningsOf = (config: Config, written: ConfigFile): Warning[] => [
  ...permissive(config),
  ...unused(written),
  ...missing(config),
  ...ofTls(config),
]

const runtime = (key: string): Path => ["registry", "validation", "runtime", key]

function* fetched(source: Config["registry"]["source"]): Generator<Warning> {
  if (source.kind === "file") return
  if (!isProtected(source.url))
    yield {
      path: ["registry", "insecure"],
      message: source.signature
        ? "the registry and what the gateway shows its source can be read on their way"
        : "whoever stands between the gateway and the source decides what agents may call",
    }
  if (source.acceptOlder)
    yield {
      path: ["registry", "older"],
      message: "a document that was withdrawn may come back, from a stale cache, say",
    }
  if (source.cache === undefined)
    yield {
      path: ["registry", "cache"],
      message: "not set: the gateway cannot start while the source is away",
    }
}

function* exposing(servers: Config["servers"]): Generator<Warning> {
  for (const { key, rule } of servers)
    if (rule.expose !== undefined)
      yield {
        path: ["servers", key, "expose"],
        message: `tools that nobody registered are carried to ${audience(rule.expose.to)}`,
      }
}

function* triedOut({ toolRules }: Config["registry"]["levels"]): Generator<Warning> {
  for (const [index, { id, isEnforced }] of (toolRules?.all ?? []).entries())
    if (!isEnforced)
      yield {
        path: ["rules", index, "enforce"],
        message: `rule ${id} refuses nothing; the audit says what it would have refused`,
      }
}

function* telling(telemetry: Config["telemetry"]): Generator<Warning> {
  if (telemetry === undefined) return
  const { endpoint, headers, metrics, traces } = telemetry
  if (traces.minTrust === "anonymous" || traces.minTrust === "claimed")
    yield {
      path: ["telemetry", "traces", "minTrust"],
      message: "anyone may add spans to the traces of others, and have them kept",
    }
  const inTheClear = [endpoint, traces.endpoint, metrics.endpoint].some(
    (url) => url !== undefined && !isProtected(url),
  )
  if (inTheClear && (headers?.size ?? 0) > 0)
    yield {
      path: ["telemetry", "headers"],
      message: "they are sent to the collector in the clear: expected an https address",
    }
}

function* unseen({ hiddenText }: Config["results"]): Generator<Warning> {
  if (hiddenText === "allow")
    yield {
      path: ["results", "hiddenText"],
      message: "results may hold text that a model reads and nobody sees; it is not even noted",
    }
}

const audience = (to: readonly string[]) =>
  to.includes("*") ? "every caller" : to.slice(0, 8).join(", ")

function* permissive({
  registry,
  identity,
  audit,
  servers,
  telemetry,
  explainRefusals,
  results,
}: Config): Generator<Warning> {
  const { levels, knobs } = registry
  if (knobs.missingEntity !== "error")
    yield {
      path: ["registry", "validation", "startup", "missingEntity"],
      message: "a registry with missing parts is served; what needs them is unavailable",
    }
  if (levels.unknownCaller !== "deny")
    yield {
      path: runtime("unknownCaller"),
      message: "callers that nobody registered may see and call every tool",
    }
  if (levels.undeclaredDependency !== "deny")
    yield {
      path: runtime("undeclaredDependency"),
      message: "agents may call tools that their depends does not name",
    }
  if (levels.inputValidation !== "deny")
    yield {
      path: runtime("inputValidation"),
      message: "arguments that do not fit a tool's schema reach its backend",
    }
  if (levels.definitionDrift === "allow")
    yield {
      path: runtime("definitionDrift"),
      message: "servers may change what they say of their tools without anybody's approval",
    }
  if (levels.outputValidation === "allow")
    yield { path: runtime("outputValidation"), message: "results are not checked" }
  if (identity.clientInfo)
    yield {
      path: ["identity", "clientInfo"],
      message: "a client's own word counts as a claim of identity; it proves nothing",
    }
  if (identity.minTrust === "claimed" || identity.minTrust === "anonymous")
    yield { path: ["identity", "minTrust"], message: "anyone may call under any agent's name" }
  if (identity.onConflict === "warn")
    yield {
      path: ["identity", "onConflict"],
      message: "callers whose evidence contradicts itself are served",
    }
  if (identity.trustedFrom.some((range) => range.endsWith("/0")))
    yield {
      path: ["identity", "headers", "trustedFrom"],
      message: "identity headers are believed from everywhere",
    }
  if (audit?.onFailure === "degrade")
    yield {
      path: ["audit", "onFailure"],
      message: "calls go on unrecorded while the audit cannot be written",
    }
  if (audit?.sync === "none")
    yield { path: ["audit", "sync"], message: "a power loss may take records along" }
  yield* fetched(registry.source)
  yield* exposing(servers)
  yield* telling(telemetry)
  yield* triedOut(levels)
  yield* unseen(results)
  if (explainRefusals)
    yield { path: ["explainRefusals"], message: "callers learn which refused tools exist" }
}

function* unused({ registry, state }: ConfigFile): Generator<Warning> {
  for (const key of httpOnly)
    if (registry.source.kind === "file" && registry[key] !== undefined)
      yield {
        path: ["registry", key],
        message: "has no effect: the registry is a file, which is watched",
      }
  if (state.runs === "memory")
    yield {
      path: ["state", "runs"],
      message: "memory: sagas that are under way end with this process",
    }
}

function* missing({
  audit,
  sessionKeys,
  replicaUrl,
  identity,
  listen,
}: Config): Generator<Warning> {
  if (audit === undefined) yield { path: ["audit"], message: "not set: decisions are not recorded" }
  if (sessionKeys.length === 0)
    yield {
      path: ["session", "key"],
      message: "not set: legacy sessions end with this process, and replicas cannot share them",
    }
  if (sessionKeys.length === 0 && replicaUrl !== undefined)
    yield {
      path: ["session", "replicaUrl"],
      message: "has no effect without session.key: replicas cannot read what another one sealed",
    }
  if (identity.jwt.length > 0 && listen.publicUrl === undefined)
    yield {
      path: ["listen", "publicUrl"],
      message: "not set: callers cannot discover where to get a token",
    }
}

function* ofTls({ identity, listen, replicaUrl }: Config): Generator<Warning> {
  if (identity.agentUris.length > 0 && !listen.tls?.clients && identity.trustedFrom.length === 0)
    yield {
      path: ["identity", "mtls"],
      message: "has no effect: listen.tls.ca is not set, and no proxy is trusted to say who calls",
    }
  if (listen.tls?.clients?.areRequired && replicaUrl !== undefined)
    yield {
      path: ["listen", "tls", "clientCert"],
      message: "other replicas show no certificate when they hand requests on: expected request",
    }
  if (listen.tls !== undefined && replicaUrl !== undefined && !replicaUrl.startsWith("https:"))
    yield {
      path: ["session", "replicaUrl"],
      message: "expected an https address, as listen.tls is set",
    }
}
