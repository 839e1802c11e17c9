import { z } from "zod"
import { defaults } from "./defaults.ts"
import { identity } from "./identity-schema.ts"
import { limits } from "./limits-schema.ts"
import { rateLimits } from "./rates-schema.ts"
import { registrySource } from "./registry-schema.ts"
import { results } from "./results-schema.ts"
import { sbom } from "./sbom-schema.ts"
import { origin, sealKey, webUrl } from "./scalars.ts"
import { servers } from "./servers-schema.ts"
import { telemetry } from "./telemetry-schema.ts"
import { listenTls } from "./tls-schema.ts"
import { toolRules } from "./tool-rules-schema.ts"

const host = z.string().min(1).max(255)
const port = z.int().min(0).max(65_535)

const listen = z
  .strictObject({
    host: host.default(defaults.host).describe("Address to listen on."),
    port: port.default(defaults.port).describe("Port to listen on; 0 takes a free one."),
    path: z
      .string()
      .regex(/^\/[\w.~/-]*$/, { error: "expected a path such as /mcp" })
      .default(defaults.path)
      .describe("Path of the MCP endpoint."),
    publicUrl: webUrl
      .optional()
      .describe("Address of the endpoint as callers know it: stands in OAuth resource metadata."),
    hosts: z
      .array(host)
      .default([])
      .describe("Further values of the Host header to accept, besides the listening address."),
    origins: z
      .array(origin)
      .default([])
      .describe("Origins of web pages that may call, such as https://console.example."),
    tls: listenTls
      .optional()
      .describe("Speak TLS, and perhaps look at certificates of callers. Otherwise plain HTTP."),
  })
  .prefault({})

const admin = z
  .strictObject({
    host: host.default(defaults.host).describe("Address to listen on."),
    port: port.default(defaults.adminPort).describe("Port to listen on; 0 takes a free one."),
    hosts: z
      .array(host)
      .default([])
      .describe("Names to accept in the Host header, besides localhost and addresses."),
  })
  .prefault({})

const knob = z.enum(["error", "warn", "ignore"])

const startup = z
  .strictObject({
    missingEntity: knob
      .default(defaults.missingEntity)
      .describe("A reference to a schema, server, tool, agent or skill that is not registered."),
    deprecatedEntity: knob
      .default(defaults.deprecatedEntity)
      .describe("Use of a server, tool or agent that is marked deprecated."),
    unusedSchema: knob.default(defaults.unusedSchema).describe("A schema nothing refers to."),
  })
  .prefault({})

/** The seed's documents also write `error` or `enforce` for deny, and `ignore` for allow. */
const level = z
  .enum(["deny", "warn", "allow", "error", "enforce", "ignore"], {
    error: "expected deny, warn or allow",
  })
  .transform((word): "deny" | "warn" | "allow" => {
    if (word === "error" || word === "enforce") return "deny"
    return word === "ignore" ? "allow" : word
  })

const runtime = z
  .strictObject({
    inputValidation: level
      .prefault(defaults.inputValidation)
      .describe("Arguments that do not fit the tool's input schema."),
    outputValidation: level
      .prefault(defaults.outputValidation)
      .describe("Results that do not fit the tool's output schema."),
    unknownCaller: level
      .prefault(defaults.unknownCaller)
      .describe("A caller that is not a registered agent."),
    undeclaredDependency: level
      .prefault(defaults.undeclaredDependency)
      .describe("A registered agent's call of a tool outside its depends."),
    definitionDrift: level
      .prefault(defaults.definitionDrift)
      .describe("A backend whose tool is not as it was pinned."),
  })
  .prefault({})

const registry = z.strictObject({
  ...registrySource,
  lock: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The lock file: how the servers' tools were when they were found good. Otherwise postern.lock.json beside the document.",
    ),
  volatileMeta: z
    .array(z.string().min(1))
    .max(64)
    .default([])
    .describe("Keys of a tool's _meta that are another each time, and are not pinned."),
  validation: z
    .strictObject({
      startup: startup.describe("What problems of the document mean when it is loaded."),
      runtime: runtime.describe("What happens to calls: deny, warn or allow."),
    })
    .prefault({})
    .describe("How strictly the registry is enforced."),
})

const audit = z.strictObject({
  file: z.string().min(1).describe("The audit file: one JSON line for each decision."),
  arguments: z
    .enum(["digest", "none"])
    .default(defaults.auditArguments)
    .describe("What is recorded of arguments and results, whose values never are."),
  key: sealKey
    .optional()
    .describe("Makes the digests HMACs, so that short values cannot be guessed from them."),
  sync: z
    .enum(["batch", "each", "none"])
    .default(defaults.auditSync)
    .describe("When records are forced to disk: every 100 ms or 256 records, each one, or never."),
  begin: z
    .enum(["effects", "all", "none"])
    .default(defaults.auditBegin)
    .describe("Which calls are also recorded before they are made: those of tools with effects."),
  onFailure: z
    .enum(["deny", "degrade"])
    .default(defaults.auditOnFailure)
    .describe("What happens to calls while the file cannot be written."),
})

const log = z
  .strictObject({
    level: z
      .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
      .default(defaults.logLevel)
      .describe("The least important lines to print."),
    to: z.enum(["stderr", "stdout"]).default(defaults.logTo).describe("Where lines are printed."),
  })
  .prefault({})

const isRunStore = (written: string) =>
  written === "memory" || /^(?:sqlite:|postgres(?:ql)?:\/\/)./.test(written)

const isRateStore = (written: string) =>
  written === "memory" || /^postgres(?:ql)?:\/\/./.test(written)

/** The configuration file as it may be written. The published JSON Schema and the reference page come from this. */
export const ConfigFile = z.strictObject({
  listen: listen.describe("Where callers reach the gateway."),
  admin: admin.describe("Where /healthz, /readyz, /metrics and /status are served."),
  registry: registry.describe("The registry document, and how strictly it is enforced."),
  servers: servers.describe("Where each registered server lives, by name:version."),
  identity: identity.describe("How callers are identified."),
  rules: toolRules.describe("What is taken away from what the registry's depends grant."),
  results: results.describe("What is done with results of tools before they are passed on."),
  session: z
    .strictObject({
      key: z
        .union([sealKey, z.array(sealKey).min(1)], { error: "expected a secret or a list of them" })
        .optional()
        .meta({ writeOnly: true })
        .describe("Seals session ids; in a list the first seals and all open."),
      replicaUrl: webUrl
        .optional()
        .describe("Where other replicas with this key reach this one, with the path."),
    })
    .prefault({})
    .describe("Sessions of legacy MCP clients."),
  audit: audit.optional().describe("The record of every decision."),
  log: log.describe("The log."),
  telemetry: telemetry
    .optional()
    .describe(
      "Traces and metrics for a collector of OpenTelemetry. Without this section and without the variables of OpenTelemetry nothing is sent.",
    ),
  sbom: sbom.describe("What `postern sbom export` says that the registry does not know."),
  limits: limits.describe("Limits."),
  rateLimits: rateLimits.describe("How often agents may ask, and tools and servers be asked."),
  instructions: z
    .string()
    .min(1)
    .optional()
    .describe("What clients are told of how to use the gateway (MCP `instructions`)."),
  explainRefusals: z
    .boolean()
    .default(false)
    .describe("Tell callers why a tool is refused; for development only."),
  state: z
    .strictObject({
      runs: z
        .string()
        .refine(
          isRunStore,
          "expected sqlite: and the path of a file, postgres:// and a database, or memory",
        )
        .default(defaults.runs)
        .describe(
          "Where durable runs (sagas, and what is done once) are kept. sqlite: and the path of a file, from the folder of this file; it is made when the first of them is registered. postgres://…: a database that several gateways share, each of which takes over what another left; for this the package pg is needed. memory: they end with the process.",
        ),
      runIds: z
        .enum(["all", "agent"])
        .default(defaults.runIds)
        .describe(
          "Whose the ids of sagas (sagaIdPath) are. all: an order has one run, whichever agent asks for it. agent: each agent has ids of its own. What is changed holds for runs that begin.",
        ),
      rates: z
        .string()
        .refine(isRateStore, "expected postgres:// and a database, or memory")
        .default(defaults.rates)
        .describe(
          "Where rateLimits are counted. memory: each gateway for itself. postgres://…: a database that several gateways share; for this the package pg is needed.",
        ),
    })
    .prefault({})
    .describe("What outlives calls and restarts."),
})
export type ConfigFile = z.infer<typeof ConfigFile>
