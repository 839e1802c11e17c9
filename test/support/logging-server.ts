import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { type LoggingLevel, SetLevelRequestSchema } from "@modelcontextprotocol/sdk/types.js"

const levels = ["debug", "info", "error"] as const
const order = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]

/**
 * A server of the legacy SDK that says nothing until it is told a level, and from then on says one thing of each level
 * from that one up when its tool `say` is called. `told` gets every level; with `refuses` it takes none.
 */
export function createLoggingServer(told: LoggingLevel[], refuses = false): McpServer {
  let level: LoggingLevel | undefined
  const server = new McpServer({ name: "logging", version: "1" }, { capabilities: { logging: {} } })
  server.server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    told.push(params.level)
    if (refuses) throw new Error("not now")
    level = params.level
    return {}
  })
  server.registerTool("say", {}, async ({ sendNotification }) => {
    for (const said of levels)
      if (level !== undefined && order.indexOf(said) >= order.indexOf(level))
        await sendNotification({
          method: "notifications/message",
          params: { level: said, data: said },
        })
    return { content: [{ type: "text", text: told.join(" ") }] }
  })
  return server
}
