import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { onTestFinished } from "vitest"
import { run } from "../../src/cli/cli.ts"
import { answerTo, type ImportServer } from "./import-server.ts"

const script = join(import.meta.dirname, "import-server.ts")

export interface Ended {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** A folder with clients' files and servers, and the command line in it. */
export interface ImportWorld {
  readonly folder: string
  /** Writes what the server `name` is from now on; returns how a client would name it. */
  server(name: string, server: ImportServer): { command: string; args: string[] }
  write(name: string, content: string | object): string
  read(name: string): string
  json(name: string): unknown
  /** `postern import …`, into the folder. */
  import(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
  postern(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
}

export function importWorld(): ImportWorld {
  const folder = mkdtempSync(join(tmpdir(), "postern-import-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = (name: string) => join(folder, name)
  const write = (name: string, content: string | object) => {
    writeFileSync(path(name), typeof content === "string" ? content : JSON.stringify(content))
    return path(name)
  }
  const postern: ImportWorld["postern"] = async (args, env = {}) => {
    let out = ""
    let err = ""
    const io = {
      out: { write: (text: string) => (out += text) },
      err: { write: (text: string) => (err += text) },
      env,
    }
    const exit = await run(args, io)
    return { exit, out, err }
  }
  return {
    folder,
    write,
    postern,
    server: (name, server) => ({
      command: process.execPath,
      args: [script, write(`${name}.server.json`, server)],
    }),
    read: (name) => readFileSync(path(name), "utf8"),
    json: (name) => JSON.parse(readFileSync(path(name), "utf8")),
    import: (args, env) => postern(["import", ...args, "--config", path("postern.yaml")], env),
  }
}

export const tool = (name: string, more: object = {}): object => ({
  name,
  description: `does ${name}`,
  inputSchema: { type: "object", properties: { q: { type: "string" } } },
  ...more,
})

/** A legacy server over HTTP in this process; what it is may be replaced at any time. */
export async function httpServer(first: ImportServer): Promise<{ url: string; is: ImportServer }> {
  const server = { url: "", is: first }
  const listener = createServer((request, response) => {
    void text(request).then((body) => {
      const { id, method, params } = body === "" ? {} : JSON.parse(body)
      if (server.is.silent === true) return
      if (id === undefined) return response.writeHead(request.method === "GET" ? 405 : 202).end()
      const answer = answerTo(method, params?.cursor, server.is)
      response.setHeader("content-type", "application/json")
      return response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }))
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    listener.close()
    listener.closeAllConnections()
  })
  server.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/mcp`
  return server
}
