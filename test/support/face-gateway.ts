import type { AuditRecord } from "../../src/call/audit.ts"
import type { BackendReply, BackendRequest } from "../../src/call/backends.ts"
import type { Gateway } from "../../src/call/gateway.ts"
import { createIdentify } from "../../src/call/identify.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import { plainRules } from "../../src/call/server-rules.ts"
import type { Catalog } from "../../src/registry/catalog.ts"
import { type CatalogSketch, sketchCatalog } from "./catalog.ts"
import { identity } from "./evidence.ts"
import { answering } from "./gateway.ts"
import { testInteractions } from "./interactions.ts"
import { resultsOf } from "./rules.ts"
import { openRuns } from "./runs.ts"

/** What the far side of the backends' port does with one call. */
export type FakeBackend = (request: BackendRequest) => BackendReply | Promise<BackendReply>

const textReply = (text: string): BackendReply => ({
  kind: "result",
  result: { content: [{ type: "text", text }] },
})

/** Answers with the backend's name of the tool and the arguments it was sent. */
const echo: FakeBackend = ({ name, params }) =>
  textReply(`${name} ${JSON.stringify(params["arguments"] ?? null)}`)

export interface FakeGateway extends Gateway {
  readonly records: AuditRecord[]
  readonly calls: BackendRequest[]
  readonly clock: { now: number }
  swap(sketch: CatalogSketch): void
}

/** A real way of a call around a sketched catalog and a backend that does as it is told. */
export function fakeGateway(
  sketch: CatalogSketch,
  backend: FakeBackend = echo,
  settings: Partial<IdentitySettings> = {},
): FakeGateway {
  let catalog: Catalog = sketchCatalog(sketch)
  const records: AuditRecord[] = []
  const calls: BackendRequest[] = []
  const clock = { now: Date.now() }
  const identify = createIdentify(identity(settings), {
    now: () => clock.now,
    fetchJwks: () => Promise.reject(new Error("no issuer in this test")),
  })
  return {
    records,
    calls,
    clock,
    swap(next) {
      catalog = sketchCatalog(next)
    },
    catalog: () => catalog,
    identify: (evidence, of) => identify.identify(evidence, of),
    levels: {
      inputValidation: "deny",
      outputValidation: "warn",
      unknownCaller: settings.unknownCaller ?? "deny",
      undeclaredDependency: "deny",
      definitionDrift: "warn",
    },
    rules: () => plainRules,
    hopsMax: 8,
    results: resultsOf(),
    schemas: { validator: () => ({ faults: () => undefined }) },
    backends: answering(async (_, request) => {
      calls.push(request)
      return backend(request)
    }),
    compositions: openRuns().runs,
    interactions: testInteractions({}, () => clock.now),
    digest: () => undefined,
    begins: "none",
    audit(record) {
      records.push(record)
      return true
    },
    now: () => clock.now,
    id: () => String(records.length).padStart(32, "0"),
  }
}
