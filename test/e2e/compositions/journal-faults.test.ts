import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { openShop, type Shop } from "../../../examples/order-saga/shop.ts"
import { connectAs } from "../../../examples/support/client.ts"
import {
  executable,
  freePort,
  type RunningGateway,
  startGateway,
} from "../../../examples/support/gateway.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const project = join(import.meta.dirname, "../../..")
const config = join(project, "examples/order-saga/postern.yaml")
const patience = { timeout: 20_000, interval: 100 }

describe("a gateway whose run journal is in trouble", () => {
  let folder: string
  let file: string
  let shop: Shop
  let gateway: RunningGateway
  let adminPort: number
  let env: Record<string, string>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "postern-faults-"))
    file = join(folder, "runs.db")
    shop = await openShop(folder)
    adminPort = await freePort()
    const at = { POSTERN_ADMIN_PORT: String(adminPort), POSTERN_RUNS: `sqlite:${file}` }
    env = { ...shop.ports, ...at, POSTERN_LOG: "error" }
    gateway = await startGateway(config, env)
    expect(await place("order-0")).toMatchObject({ isError: false })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await shop[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  async function place(orderId: string): Promise<{ isError: boolean; text: string }> {
    const clerk = await connectAs(gateway.url, "shop-clerk", "1.0.0")
    const result = await clerk.callTool({
      name: "place_order",
      arguments: { orderId, item: "lamp", amount: 100, address: "4 Quay Street" },
    })
    await clerk.close()
    return { isError: result.isError === true, text: JSON.stringify(result.content) }
  }

  async function readiness(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
    return `${answer.status} ${await answer.text()}`
  }

  const unready = () =>
    vi.waitFor(
      async () => expect(await readiness()).toMatch(/^503 .*run_journal_unavailable/),
      patience,
    )
  const ready = () => vi.waitFor(async () => expect(await readiness()).toMatch(/^200/), patience)
  const sound = (orderId: string) => ({ orderId, reserved: 1, charged: 100, shipped: 1 })

  test("calls nothing while the file cannot grow, says so, and goes on when it can", async () => {
    const fileMax = (bytes: string) =>
      execFileSync("prlimit", ["--pid", String(gateway.pid), `--fsize=${bytes}:unlimited`])
    fileMax(String(statSync(`${file}-wal`).size))
    const refused = await place("order-1")
    expect(refused.isError).toBe(true)
    expect(refused.text).toContain("cannot be recorded now. Nothing was called")
    expect(shop.books()).toEqual([sound("order-0")])
    await unready()
    fileMax("unlimited")
    await ready()
    expect(await place("order-1")).toMatchObject({ isError: false })
    expect(shop.books()).toEqual([sound("order-0"), sound("order-1")])
  })

  test("holds what is under way while another process has the file, and loses and repeats nothing", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `busy-${index + 10}`)
    const placing = Promise.all(ids.map(async (id) => ({ id, ...(await place(id)) })))
    await vi.waitFor(() => expect(shop.books().length).toBeGreaterThan(2), {
      timeout: 30_000,
      interval: 5,
    })
    const holder = new DatabaseSync(file, { timeout: 5_000 })
    holder.exec("BEGIN IMMEDIATE")
    await unready()
    const held = shop.books()
    holder.exec("ROLLBACK")
    holder.close()
    await ready()
    const placed = await placing
    const refused = placed.filter(({ isError }) => isError)
    for (const { text } of refused) expect(text).toContain("Nothing was called")
    expect(held.length).toBeLessThanOrEqual(2 + placed.length)
    for (const { id } of refused) expect(await place(id)).toMatchObject({ isError: false })
    const books = shop.books().filter(({ orderId }) => orderId.startsWith("busy"))
    expect(books).toEqual(ids.map(sound))
  })

  test("does not share its file with another gateway, which says who has it", () => {
    expect(startedIn(file)).toMatch(/runs\.db is in use by another process/)
  })

  test.each([
    ["no database", "no database at all ".repeat(500), /file is not a database.*damaged/],
    ["half of one", undefined, /is damaged|cannot be used/],
  ])("does not start on %s, and leaves it as it is", (name, text, words) => {
    const damaged = join(folder, `${name.replaceAll(" ", "-")}.db`)
    writeFileSync(damaged, text ?? half())
    const before = readFileSync(damaged)
    expect(startedIn(damaged)).toMatch(words)
    expect(readFileSync(damaged)).toEqual(before)
  })

  test("does not start where its folder cannot be made", () => {
    const place = join(config, "runs.db")
    expect(startedIn(place)).toMatch(/folder of the run journal .* cannot be made/)
    expect(existsSync(place)).toBe(false)
  })

  /** What is in the log of the journal that is open would be missing from a copy of its file. */
  function half(): Buffer {
    const whole = join(folder, "whole.db")
    const db = new DatabaseSync(file)
    db.exec(`VACUUM INTO '${whole}'`)
    db.close()
    const bytes = readFileSync(whole)
    return bytes.subarray(0, bytes.length >> 1)
  }

  /** What a gateway says that does not start with this journal. */
  function startedIn(other: string): string {
    const args = [executable, "serve", "--config", config]
    const more = {
      POSTERN_PORT: "0",
      POSTERN_ADMIN_PORT: "0",
      POSTERN_AUDIT: join(folder, "b.jsonl"),
    }
    const { status, stderr } = spawnSync(process.execPath, args, {
      ...{ cwd: project, encoding: "utf8", timeout: 30_000 },
      env: { ...process.env, ...env, ...more, POSTERN_RUNS: `sqlite:${other}` },
    })
    expect(status).toBeGreaterThan(0)
    return stderr
  }
})
