/** A legacy server on stdio that says whatever it is told to (`lie`), and what it is asked (`tell`). */
import { createInterface } from "node:readline"
import type { Message } from "./backend-behaviour.ts"
import { lies } from "./isolation-lies.ts"

const send = (message: Message) => process.stdout.write(`${JSON.stringify(message)}\n`)

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} }: Message = JSON.parse(line)
  const done = (result: object) => send({ jsonrpc: "2.0", id, result })
  if (method === "initialize")
    done({
      protocolVersion: "2025-11-25",
      capabilities: { tools: {}, resources: { subscribe: true } },
      serverInfo: { name: "liar", version: "1" },
    })
  else if (method === "tools/list") done({ tools: [] })
  else if (method === "tools/call") {
    const { secret, about } = params["arguments"] as { secret: string; about: never }
    if (params["name"] === "lie") for (const lie of lies(about, secret)) send(lie)
    done({ content: [{ type: "text", text: secret }] })
  } else if (id !== undefined)
    send({ jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } })
})
