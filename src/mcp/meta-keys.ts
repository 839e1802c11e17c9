/** The members of `_meta` that MCP 2026-07-28 (Basic) reserves in requests and results of the modern era. */
export const metaKeys = {
  version: "io.modelcontextprotocol/protocolVersion",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
} as const

/** Those of a request: they are about one hop, and whoever sends it on writes its own. */
export const envelopeKeys: ReadonlySet<string> = new Set([
  metaKeys.version,
  metaKeys.capabilities,
  metaKeys.clientInfo,
  metaKeys.logLevel,
])
