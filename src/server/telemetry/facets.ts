import type { AuditRecord } from "../../call/audit.ts"
import type { TracedMessage } from "../../call/trace/message.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"
import { isGiven, knownMethod } from "./methods.ts"
import type { Attributes } from "./otlp/values.ts"
import type { About, Ended, ErrorOf } from "./spans.ts"

/** What a span says besides its ids and times. */
export interface Facet {
  readonly name: string
  readonly kind: "internal" | "server" | "client"
  readonly isFailed: boolean
  readonly attributes: Attributes
}

/** Where a server is reached, as far as it may be told: no path and no query. */
export type Peers = (server: CatalogServer) => Peer | undefined
export type Peer =
  | { readonly transport: "pipe" }
  | { readonly transport: "tcp"; readonly address: string; readonly port: number }

/**
 * Names are those of the semantic conventions for MCP and generative AI (semantic-conventions-genai 0.1.0) and the general
 * ones (1.45.0); what they have no name for is under `postern.`. Arguments, results, the caller's words and the ids that
 * sessions are used by are nowhere: the first are not ours to spread, and with the last, requests can be made.
 */
export function facetOf({ about }: Pick<Ended, "about">, peers: Peers): Facet {
  switch (about.kind) {
    case "request":
      return about.record.kind === "step" ? stepFacet(about) : requestFacet(about)
    case "permit":
      return permitFacet(about)
    case "attempt":
      return attemptFacet(about, peers)
    case "run":
      return runFacet(about)
  }
}

type Of<Kind extends About["kind"]> = Extract<About, { kind: Kind }>

function requestFacet({ record, error, isPermitted, message }: Of<"request">): Facet {
  const method = record.method ?? ""
  return {
    name: isPermitted ? named(method, record.target, error) : knownMethod(method), // the rest its caller may have made up
    kind: "server",
    isFailed: error !== undefined,
    attributes: [
      ["mcp.method.name", method],
      ...sentAs(message),
      ["network.transport", "tcp"],
      ["network.protocol.name", "http"],
      ["client.address", record.remote],
      ...subject(method, record.target),
      ...failure(error),
      ...decision(record),
    ],
  }
}

/** A tool that the gateway itself carries out a call of: the `execute_tool` span of generative AI. */
function stepFacet({ record, error }: Of<"request">): Facet {
  return {
    name: `execute_tool ${record.target?.name ?? ""}`.trimEnd(),
    kind: "internal",
    isFailed: error !== undefined,
    attributes: [...subject("tools/call", record.target), ...failure(error), ...decision(record)],
  }
}

function permitFacet({ record, isPermitted }: Of<"permit">): Facet {
  const code = isPermitted ? undefined : (record.refusal ?? "_OTHER")
  return {
    name: "permit",
    kind: "internal",
    isFailed: !isPermitted,
    attributes: [
      ["error.type", code],
      ["postern.decision", isPermitted ? "allow" : "refuse"],
      ...callerOf(record),
      ["postern.catalog.digest", record.catalog],
    ],
  }
}

function attemptFacet(
  { method, target, server, error, message }: Of<"attempt">,
  peers: Peers,
): Facet {
  const peer = peers(server)
  return {
    name: named(method, target, error),
    kind: "client",
    isFailed: error !== undefined,
    attributes: [
      ["mcp.method.name", method],
      ...sentAs(message),
      ...subject(method, target),
      ["network.transport", peer?.transport],
      ["network.protocol.name", peer?.transport === "tcp" ? "http" : undefined],
      ["server.address", peer?.transport === "tcp" ? peer.address : undefined],
      ["server.port", peer?.transport === "tcp" ? peer.port : undefined],
      ...failure(error),
      ["postern.server.name", server.name],
      ["postern.server.version", server.version],
    ],
  }
}

const runFacet = ({ run, tool, status }: Of<"run">): Facet => ({
  name: `run ${tool}`,
  kind: "internal",
  isFailed: status === "failed" || status === "parked",
  attributes: [
    ["error.type", status === "failed" || status === "parked" ? status : undefined],
    ["gen_ai.tool.name", tool],
    ["postern.run.id", run],
    ["postern.run.status", status],
    ["postern.run.resumed", true],
  ],
})

const sentAs = (message: TracedMessage | undefined): Attributes => [
  ["jsonrpc.request.id", message?.id === undefined ? undefined : String(message.id)],
  ["mcp.protocol.version", message?.revision],
  ["mcp.session.id", message?.session],
]

/** `{mcp.method.name} {target}`, where the target has few values. */
function named(method: string, target: AuditRecord["target"], error: ErrorOf): string {
  const isFew = target?.type === "prompt" ? isGiven(method, error) : target?.type === undefined
  return target !== undefined && isFew ? `${method} ${target.name}` : method
}

function subject(method: string, target: AuditRecord["target"]): Attributes {
  if (target === undefined) return []
  if (target.type === "prompt") return [["gen_ai.prompt.name", target.name]]
  if (target.type === "resource") return [["mcp.resource.uri", withoutQuery(target.name)]]
  if (target.type !== undefined) return []
  return [
    ["gen_ai.operation.name", method === "tools/call" ? "execute_tool" : undefined],
    ["gen_ai.tool.name", target.name],
    ["postern.tool.version", target.version],
  ]
}

/** Users, passwords and queries of addresses are where secrets stand. */
const withoutQuery = (uri: string): string =>
  uri.replace(/[?#].*$/s, "").replace(/^([a-z][\w+.-]*:\/\/)[^/@]*@/i, "$1")

const failure = (error: ErrorOf): Attributes =>
  error === undefined
    ? []
    : [
        ["error.type", error.type],
        ["rpc.response.status_code", error.code === undefined ? undefined : String(error.code)],
      ]

function decision(record: AuditRecord): Attributes {
  const { decision: what, refusal, server, warnings, note } = record
  return [
    ["postern.decision", what],
    ["postern.refusal.code", refusal],
    ...callerOf(record),
    ["postern.server.name", server?.name],
    ["postern.server.version", server?.version],
    ["postern.warnings", warnings.length === 0 ? undefined : warnings],
    ["postern.record.id", record.id],
    ...(isObject(note) ? noted(note) : []),
  ]
}

const callerOf = ({ caller }: AuditRecord): Attributes => [
  ["postern.agent.name", caller?.agent?.name],
  ["postern.agent.version", caller?.agent?.version],
  ["postern.trust", caller?.trust],
]

/** Where in which run, of what the record says besides. */
function noted({ run, step, pattern, by, status }: JsonObject): Attributes {
  const all = { run, step, pattern, by, status }
  return Object.entries(all).flatMap(([key, value]) =>
    typeof value === "string" ? [[places[key as keyof typeof all], value] as const] : [],
  )
}

const places = {
  run: "postern.run.id",
  step: "postern.step",
  pattern: "postern.pattern",
  by: "postern.composition",
  status: "postern.run.status",
} as const
