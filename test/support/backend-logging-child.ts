// A server of the legacy SDK over stdio that logs: see logging-server.ts.
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { createLoggingServer } from "./logging-server.ts"

const server = createLoggingServer([], process.argv[2] === "refuses")
await server.connect(new StdioServerTransport())
