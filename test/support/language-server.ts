import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { isObject, type Json, type JsonObject } from "../../src/schema/json.ts"

/** The server behind the YAML extension of VS Code (Red Hat) and of other editors, spoken to over stdio (LSP 3.17). */
export async function startYamlServer(): Promise<LanguageServer> {
  const manifest = createRequire(import.meta.url).resolve("yaml-language-server/package.json")
  const program = join(dirname(manifest), "bin/yaml-language-server")
  const child = spawn(process.execPath, [program, "--stdio"], { stdio: ["pipe", "pipe", "ignore"] })
  const gone = once(child, "exit")
  let id = 0
  const waiting = new Map<number, (result: Json) => void>()
  const send = (message: JsonObject) => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  const take = (message: JsonObject) => {
    const { id: of, method, result = null, params } = message
    if (typeof of !== "number") return
    if (method === undefined) waiting.get(of)?.(result)
    else send({ id: of, result: answerTo(method, params) })
  }
  child.stdout.on("data", readMessages(take))
  const ask = (method: string, params: JsonObject): Promise<Json> => {
    const asked = ++id
    const answer = Promise.withResolvers<Json>()
    waiting.set(asked, answer.resolve)
    send({ id: asked, method, params })
    return answer.promise
  }
  await ask("initialize", { processId: null, rootUri: null, capabilities: {} })
  send({ method: "initialized", params: {} })
  return {
    open: (uri, text) => {
      const textDocument = { uri, languageId: "yaml", version: 1, text }
      send({ method: "textDocument/didOpen", params: { textDocument } })
    },
    ask,
    async close() {
      child.kill()
      await gone
    },
  }
}

export interface LanguageServer {
  open(uri: string, text: string): void
  ask(method: string, params: JsonObject): Promise<Json>
  close(): Promise<void>
}

/** An editor without settings of its own. */
const answerTo = (method: Json, params: Json | undefined): Json =>
  method === "workspace/configuration" && isObject(params) && Array.isArray(params["items"])
    ? params["items"].map(() => ({}))
    : null

/** Messages after their headers, in whatever pieces they come. */
function readMessages(take: (message: JsonObject) => void): (bytes: Buffer) => void {
  let held = Buffer.alloc(0)
  return (bytes) => {
    held = Buffer.concat([held, bytes])
    for (;;) {
      const end = held.indexOf("\r\n\r\n")
      if (end < 0) return
      const length = Number(/Content-Length: (\d+)/i.exec(held.toString("latin1", 0, end))?.[1])
      if (held.length < end + 4 + length) return
      const message: unknown = JSON.parse(held.toString("utf8", end + 4, end + 4 + length))
      held = held.subarray(end + 4 + length)
      if (isObject(message)) take(message)
    }
  }
}
