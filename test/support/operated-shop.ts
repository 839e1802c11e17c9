import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { freePort } from "../../examples/support/gateway.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { command } from "./command.ts"
import { callTool, startGateway, type TestGateway } from "./e2e-gateway.ts"
import { becomes } from "./e2e-process.ts"
import { http } from "./face-server.ts"
import { Shop, shopRegistry } from "./scripted-shop.ts"

/**
 * The scripted shop behind a real gateway, for the tests of one file, and operators there with the commands that they type.
 */
export function operatedShop(limits: JsonObject) {
  const folder = mkdtempSync(join(tmpdir(), "operators-"))
  const shop = new Shop()
  let adminPort: number
  let gateway: TestGateway

  /** Also again, where it has been stopped. */
  const start = async () => {
    gateway = await startGateway({
      registry: shopRegistry,
      folder,
      servers: { "shop:1.0.0": { url: String(shop.backend?.url) } },
      config: { admin: { port: adminPort }, state: { runs: "sqlite:./runs.db" }, limits },
    })
  }
  beforeAll(async () => {
    adminPort = await freePort()
    await shop.open()
    await start()
  })
  afterAll(async () => {
    await gateway.stop()
    await shop.backend?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const configFile = join(folder, "postern.yaml")
  const runs = (...args: readonly string[]) => command(["runs", ...args, "--config", configFile])
  /** A verb with a name and a reason, on a run. */
  const operate = (verb: string, ...args: readonly string[]) =>
    runs(verb, ...args, "--operator", "kim", "--reason", "night shift")
  const show = async (id: string): Promise<JsonObject> => {
    const { code, stdout, stderr } = await runs("show", id, "--json")
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }

  return {
    ...{ shop, folder, configFile, start, runs, operate, show },
    stop: () => gateway.stop(),
    call: (tool: string, id: string) => callTool(gateway, "buyer", tool, { id }),
    audit: () => gateway.audit().map(({ kind, note }) => ({ kind, note: Object(note) })),
    isNow: (id: string, status: string) =>
      becomes(async () => (await show(id))["status"] === status, `${id} is ${status}`),
    /** A page of the admin listener. */
    page: (path: string) => http(adminPort, { method: "GET", path }),
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      http(adminPort, {
        method: "POST",
        path,
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  }
}

/** What a result says of its run. */
export const runOf = (result: JsonObject | undefined) =>
  Object(Object(result?.["_meta"])["dev.postern/run"])
