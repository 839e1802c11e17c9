import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { BackendOptions } from "../../../src/mcp/backend/address.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { serveOldSdk, serveSdk } from "../../support/backend-sdk.ts"
import {
  catalogServer,
  http,
  open,
  options,
  stdio,
  text,
  until,
} from "../../support/backend-world.ts"

const official = (name: string) =>
  join(
    dirname(createRequire(import.meta.url).resolve(`@modelcontextprotocol/${name}/package.json`)),
    "dist/index.js",
  )

type Era = BackendOptions["era"]
const asked = (era: Era) => ({ options: { ...options, era } })

describe("servers in the field", () => {
  const ways: [string, () => Promise<string>, Era, string][] = [
    ["the legacy SDK's with sessions", serveOldSdk, "auto", "legacy"],
    ["the maintained SDK's", serveSdk, "auto", "modern"],
    ["the maintained SDK's, spoken to as a legacy one", serveSdk, "legacy", "legacy"],
  ]
  test.each(ways)("%s is called, errs, and reports progress", async (_, serve, era, found) => {
    const { call, backends } = open(http(await serve(), asked(era)))
    expect(text(await call("greet", { arguments: { name: "you" } }))).toBe("hello you")
    expect(backends.status()).toMatchObject([{ era: found }])
    const bad = await call("greet", { arguments: { name: 1 } })
    expect(bad).toMatchObject({ kind: "result", result: { isError: true } })
    const got: JsonObject[] = []
    const onNotification = (notification: JsonObject) => got.push(notification)
    expect(text(await call("steps", { meta: { progressToken: "p" }, onNotification }))).toBe("done")
    expect(got.map(({ params }) => params)).toMatchObject([
      { progress: 1, progressToken: "p" },
      { progress: 2, progressToken: "p" },
    ])
  })

  test("the maintained SDK's accepts the headers that its schema wants", async () => {
    const properties = { region: { type: "string", "x-mcp-header": "Region" } }
    const provides = [{ tool: "greet", inputSchema: { type: "object", properties }, extra: {} }]
    const { call } = open(http(await serveSdk()))
    const args = { name: "you", region: "Zürich" }
    const reply = await call("greet", { arguments: args }, catalogServer("it", provides))
    expect(text(reply)).toBe("hello you")
  })

  test("the file system's reads files, for many callers at once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "files-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const paths = Array.from({ length: 20 }, (_, index) => join(folder, `${index}.txt`))
    for (const path of paths) writeFileSync(path, `I am ${path}`)
    const { call, backends } = open(stdio([official("server-filesystem"), folder]))
    const replies = await Promise.all(
      paths.map((path) => call("read_text_file", { arguments: { path } })),
    )
    expect(replies.map(text)).toEqual(paths.map((path) => `I am ${path}`))
    expect(backends.status()).toMatchObject([{ era: "legacy", strays: 0 }])
  })

  test("the everything server's long operation reports progress and can be given up", async () => {
    const { call } = open(stdio([official("server-everything"), "stdio"]))
    const cancellation = new Cancellation()
    const reply = await call("trigger-long-running-operation", {
      arguments: { duration: 60, steps: 600 },
      meta: { progressToken: 1 },
      cancellation,
      onNotification: () => cancellation.cancel(),
    })
    expect(reply).toMatchObject({ kind: "refusal", refusal: { code: "cancelled" } })
    expect(text(await call("echo", { arguments: { message: "still here" } }))).toMatch(/still here/)
  })

  test("the everything server's is spoken to over HTTP+SSE", async () => {
    const port = await freePort()
    const child = spawn(process.execPath, [official("server-everything"), "sse"], {
      env: { ...process.env, PORT: String(port) },
      stdio: "ignore",
    })
    onTestFinished(() => void child.kill("SIGKILL"))
    const { call, backends } = open(http(`http://127.0.0.1:${port}/sse`))
    await until(
      async () => (await call("echo", { arguments: { message: "hi" } })).kind === "result",
    )
    expect(text(await call("echo", { arguments: { message: "hi" } }))).toMatch(/hi/)
    const got: JsonObject[] = []
    const reply = await call("trigger-long-running-operation", {
      arguments: { duration: 0.1, steps: 3 },
      meta: { progressToken: 1 },
      onNotification: (notification) => got.push(notification),
    })
    expect(reply.kind).toBe("result")
    expect(got.map(({ params }) => params)).toMatchObject(
      [1, 2, 3].map((progress) => ({ progress, progressToken: 1, total: 3 })),
    )
    expect(backends.status()).toMatchObject([{ transport: "sse", era: "legacy", strays: 0 }])
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
