/** A stdio MCP server that says what a file says: `node import-server.ts FILE`. The file is read at each request. */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"

/** What the server is: see `serve`. */
export interface ImportServer {
  readonly era?: "legacy" | "modern"
  readonly info?: unknown
  readonly instructions?: string
  readonly tools: readonly unknown[]
  readonly pageSize?: number
  /** Printed on stdout before each answer. */
  readonly rubbish?: string
  /** Printed on stderr, once; `$NAME` is that variable of its environment. The process then ends. */
  readonly lastWords?: string
  /** Takes what is said and answers nothing. */
  readonly silent?: boolean
}

if (process.argv[1] === import.meta.filename) serve(process.argv[2] ?? "")

function serve(file: string): void {
  const read = (): ImportServer => JSON.parse(readFileSync(file, "utf8"))
  const { lastWords } = read()
  if (lastWords !== undefined) {
    process.stderr.write(lastWords.replace(/\$(\w+)/g, (_, name) => process.env[name] ?? ""))
    process.exit(1)
  }
  createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line)
    const server = read()
    if (id === undefined) return
    if (server.rubbish !== undefined) process.stdout.write(`${server.rubbish}\n`)
    const answer = answerTo(method, params?.cursor, server)
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...answer })}\n`)
  })
}

/** What a server answers to a request. */
export function answerTo(method: string, cursor: string | undefined, server: ImportServer): object {
  const { era = "legacy", info, instructions, pageSize = 100, tools } = server
  const said = { capabilities: { tools: {} }, instructions }
  if (era === "legacy" && method === "initialize")
    return { result: { ...said, protocolVersion: "2025-11-25", serverInfo: info } }
  if (era === "modern" && method === "server/discover") {
    const _meta = { "io.modelcontextprotocol/serverInfo": info }
    return {
      result: { ...said, resultType: "complete", supportedVersions: ["2026-07-28"], _meta },
    }
  }
  if (method !== "tools/list") return { error: { code: -32601, message: "Method not found" } }
  const at = Number(cursor ?? 0)
  const next = at + pageSize < tools.length ? { nextCursor: String(at + pageSize) } : {}
  const common = era === "modern" ? { resultType: "complete", ttlMs: 0, cacheScope: "public" } : {}
  return { result: { ...common, tools: tools.slice(at, at + pageSize), ...next } }
}
