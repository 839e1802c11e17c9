import type { Facts } from "../../call/facts.ts"
import type { TraceContext } from "../../call/trace/context.ts"
import { type MetricReading, Metrics } from "../metrics.ts"
import type { Peers } from "./facets.ts"
import { isGiven, knownMethod } from "./methods.ts"
import type { About, ErrorOf } from "./spans.ts"

/** Of the conventions, for all of these. Seconds. */
const buckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

const network = ["network.transport", "network.protocol.name"] as const
const operation = [
  "mcp.method.name",
  "gen_ai.operation.name",
  "gen_ai.tool.name",
  "gen_ai.prompt.name",
  "error.type",
  "rpc.response.status_code",
  "mcp.protocol.version",
  ...network,
]
const overHttp = ["tcp", "http"] as const

/**
 * The metrics of the MCP conventions, for a collector alone: on `/metrics` the gateway's own say the same under its names.
 * Made-up methods and names of tools are no values of theirs: there must be few.
 */
export class Operations {
  readonly #metrics = new Metrics(/^mcp\.[a-z.]+$/)
  readonly #peers: Peers
  readonly #server = this.#metrics.histogram(
    "mcp.server.operation.duration",
    "Time from the arrival of a caller's request to its answer.",
    { labels: operation, buckets },
  )
  readonly #client = this.#metrics.histogram(
    "mcp.client.operation.duration",
    "Time that a server took for a request, the wait for it included.",
    { labels: [...operation, "server.address", "server.port"], buckets },
  )
  readonly #sessions = this.#metrics.histogram(
    "mcp.server.session.duration",
    "Time from the beginning of a legacy session to its end in this process.",
    { labels: ["mcp.protocol.version", ...network], buckets },
  )

  constructor(peers: Peers) {
    this.#peers = peers
  }

  read(): readonly MetricReading[] {
    return this.#metrics.read()
  }

  get overflows(): ReadonlyMap<string, number> {
    return this.#metrics.overflows
  }

  sessionEnded({ revision, ms }: { readonly revision: string; readonly ms: number }): void {
    this.#sessions.with(revision, ...overHttp).observe(ms / 1_000)
  }

  /** `kept`: the span of it, where that is sent. */
  ended(about: About, ms: number, kept: TraceContext | undefined): void {
    if (about.kind === "attempt") this.#attempted(about, ms, kept)
    else if (about.kind === "request" && about.record.kind !== "step") {
      const { record, isPermitted, error, message } = about
      const { method = "", target } = record
      const values = isPermitted
        ? subject(method, target, error)
        : subject(knownMethod(method), undefined, error)
      this.#server
        .with(...values, ...failure(error), message?.revision ?? "", ...overHttp)
        .observe(ms / 1_000, kept)
    }
  }

  #attempted(
    { method, target, server, error, message }: Extract<About, { kind: "attempt" }>,
    ms: number,
    kept: TraceContext | undefined,
  ): void {
    const peer = this.#peers(server)
    const place =
      peer?.transport === "tcp"
        ? [...overHttp, peer.address, String(peer.port)]
        : [peer?.transport ?? "", "", "", ""]
    this.#client
      .with(...subject(method, target, error), ...failure(error), message?.revision ?? "", ...place)
      .observe(ms / 1_000, kept)
  }
}

/** The values of the first four attributes; what has no value has none of it in OTLP. */
function subject(method: string, target: Facts["target"], error: ErrorOf): readonly string[] {
  if (target?.type === "prompt") return [method, "", "", isGiven(method, error) ? target.name : ""]
  if (target === undefined || target.type !== undefined) return [method, "", "", ""]
  return [method, method === "tools/call" ? "execute_tool" : "", target.name, ""]
}

/** Codes of JSON-RPC itself and of servers (JSON-RPC 2.0, 5.1); of others a server may have as many as it likes. */
const isUsual = (code: number) =>
  code === -32700 || (code >= -32603 && code <= -32600) || (code >= -32099 && code <= -32000)

function failure(error: ErrorOf): readonly [type: string, code: string] {
  if (error === undefined) return ["", ""]
  if (error.code === undefined) return [error.type, ""]
  return isUsual(error.code) ? [error.type, error.type] : ["_OTHER", ""]
}
