/** A process with a pool and one child, to be killed: `node backend-gateway.ts <script> <starts file> [exit]`. */
import { createBackends } from "../../src/mcp/backend/pool.ts"

const [script = "", starts = "", exit] = process.argv.slice(2)
const backends = createBackends({ log: () => {} })
const env = new Map([["BACKEND_CHILD_STARTS", starts]])
const args = exit === undefined ? [script, "legacy"] : [script, "legacy", "outlives-stdin"]
backends.route(
  new Map([
    [
      "it@1",
      {
        kind: "stdio",
        process: { command: process.execPath, args, env, cwd: undefined },
        options: {
          era: "legacy",
          isolation: "shared",
          timeoutMs: 60_000,
          concurrencyMax: 1,
          queueMax: 1,
          answerBytesMax: 1024,
        },
      },
    ],
  ]),
)
const server = { name: "it", version: "1", entity: { name: "it", provides: [], extra: {} } }
const call = (name: string) =>
  backends.request(server, {
    method: "tools/call",
    subject: name,
    name,
    params: { name },
    meta: undefined,
    cancellation: undefined,
    onNotification: undefined,
  })
await call("echo")
if (exit !== undefined) process.exit(0)
setInterval(() => {}, 1_000)
