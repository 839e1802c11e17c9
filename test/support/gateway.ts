import type { AuditRecord } from "../../src/call/audit.ts"
import type { BackendReply, BackendRequest, Backends } from "../../src/call/backends.ts"
import type { CallRequest } from "../../src/call/call.ts"
import { createDigest } from "../../src/call/digest.ts"
import { unheard } from "../../src/call/following.ts"
import type { Gateway, Levels } from "../../src/call/gateway.ts"
import { createIdentify } from "../../src/call/identify.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import { plainRules } from "../../src/call/server-rules.ts"
import type { Catalog } from "../../src/registry/catalog.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { createSchemas } from "../../src/schema/schemas.ts"
import { evidence, identity } from "./evidence.ts"
import { testInteractions } from "./interactions.ts"
import { testPorts } from "./issuer.ts"
import { resultsOf } from "./rules.ts"
import { openRuns, type RunsSketch } from "./runs.ts"

/** The defaults of the configuration. */
export const strict: Levels = {
  inputValidation: "deny",
  outputValidation: "warn",
  unknownCaller: "deny",
  undeclaredDependency: "deny",
  definitionDrift: "warn",
}

export const done = (result: JsonObject = { content: [] }): BackendReply => ({
  kind: "result",
  result,
})

/** Backends that answer requests so, and say nothing of themselves. */
export const answering = (request: Backends["request"]): Backends => ({
  request,
  list: async () => ({ items: [], plain: [], ttlMs: 0, isKnown: false }),
  follow: () => unheard,
  capabilities: () => undefined,
  rootsChanged: () => {},
})

export interface GatewaySketch {
  readonly levels?: Partial<Levels>
  readonly identity?: Partial<IdentitySettings>
  /** What the backend does with a request. */
  readonly backend?: (request: BackendRequest) => BackendReply | Promise<BackendReply>
  readonly gateway?: Partial<Gateway>
  readonly runs?: RunsSketch
}

/** A gateway of real parts around one catalog, whose backend and audit the test looks into. */
export function sketchGateway(catalog: Catalog, sketch: GatewaySketch = {}) {
  const records: AuditRecord[] = []
  const requests: BackendRequest[] = []
  const clock = testPorts()
  const levels = { ...strict, ...sketch.levels }
  const { unknownCaller } = levels
  const gate = createIdentify(identity({ unknownCaller, ...sketch.identity }), clock.ports)
  const backends = answering(async (_, request) => {
    requests.push(request)
    return sketch.backend?.(request) ?? done()
  })
  const { runs, ended, detached, durable } = openRuns(sketch.runs)
  let serial = 0
  const gateway: Gateway = {
    catalog: () => catalog,
    identify: gate.identify,
    levels,
    rules: () => plainRules,
    hopsMax: 8,
    results: resultsOf(),
    schemas: createSchemas(),
    backends,
    compositions: runs,
    interactions: testInteractions(),
    digest: createDigest({ mode: "digest", key: undefined }),
    begins: "none",
    audit(record) {
      records.push(record)
      return true
    },
    now: clock.now,
    id() {
      serial += 1
      return `id-${serial}`
    },
    ...sketch.gateway,
  }
  return { gateway, records, requests, clock, runs, ended, detached, durable }
}

/** A call of agent `a` in version 1. */
export const callOf = (
  tool: string,
  args?: JsonObject,
  more: Partial<CallRequest> = {},
): CallRequest => ({
  era: "modern",
  method: "tools/call",
  evidence: evidence({ agentName: "a", agentVersion: "1" }),
  trace: undefined,
  tool,
  arguments: args,
  exactArguments: args,
  meta: undefined,
  cancellation: undefined,
  onNotification: undefined,
  ...more,
})
