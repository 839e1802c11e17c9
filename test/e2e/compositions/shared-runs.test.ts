import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { openShop } from "../../../examples/order-saga/shop.ts"
import { connectAs } from "../../../examples/support/client.ts"
import { type RunningGateway, startGateway } from "../../../examples/support/gateway.ts"
import { defaultProgramLimits } from "../../../src/store/program/limits.ts"
import { runProgram } from "../../../src/store/program/run-program.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../../support/postgres.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** What the program of the example comes to: a gateway waits no longer for it on a busy machine than on any other. */
async function registryText(): Promise<string> {
  const file = join(import.meta.dirname, "../../../examples/order-saga/registry.ts")
  const run = await runProgram(file, { ...defaultProgramLimits, timeMs: 50_000 })
  if (!run.ok) throw new Error(run.problem.message)
  return run.text
}

/** The saga of the example, with leases that a test can wait for. */
const configOf = (folder: string, url: string): string => {
  const file = join(folder, "postern.yaml")
  const at = (name: string) => ({ url: `http://127.0.0.1:\${${name.toUpperCase()}_PORT}/mcp` })
  const config = {
    listen: { port: 0 },
    admin: { port: 0 },
    registry: { source: "file://./registry.json" },
    servers: {
      "inventory:1.0.0": at("inventory"),
      "payment:1.0.0": at("payment"),
      "shipping:1.0.0": at("shipping"),
    },
    state: { runs: url },
    audit: { file: "${POSTERN_AUDIT}" },
    log: { level: "error" },
    limits: { runLease: "2s" },
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

const order = (orderId: string) => ({
  name: "place_order",
  arguments: { orderId, item: "lamp", amount: 100, address: "4 Quay Street" },
})

async function place(gateway: RunningGateway, orderId: string): Promise<Record<string, unknown>> {
  const clerk = await connectAs(gateway.url, "shop-clerk", "1.0.0")
  const { _meta } = await clerk.callTool(order(orderId))
  await clerk.close()
  return Object(_meta?.["dev.postern/run"])
}

describe.skipIf(postgresPrograms === undefined)(
  "two gateways on one PostgreSQL (skipped where there is none)",
  () => {
    let database: Postgres
    let registry: string
    beforeAll(async () => {
      database = await startPostgres(postgresPrograms ?? "")
      registry = await registryText()
    })
    afterAll(() => database.close())

    /** Also of a test that ran out of time: a process that it left behind would outlive the whole run. */
    let opened = new AsyncDisposableStack()
    afterEach(async () => {
      const left = opened
      opened = new AsyncDisposableStack()
      await left.disposeAsync()
    })

    async function world(name: string, hold?: string) {
      const folder = mkdtempSync(join(tmpdir(), "postern-shared-"))
      opened.defer(() => rmSync(folder, { recursive: true }))
      const shop = opened.use(await openShop(folder, hold === undefined ? {} : { hold }))
      const config = configOf(folder, database.database(name))
      writeFileSync(join(folder, "registry.json"), registry)
      const start = async () => {
        const gateway = await startGateway(config, shop.ports)
        opened.defer(() => gateway.kill())
        return gateway
      }
      const [a, b] = await Promise.all([start(), start()])
      return { shop, a, b }
    }

    test("what one begins and does not live to end, the other ends", async () => {
      const { a, b, shop } = await world("takeover", "order-1")
      const lost = place(a, "order-1").catch(() => "nobody answered")
      await shop.held
      await a.kill()
      expect(await lost).toBe("nobody answered")
      expect(await place(b, "order-1")).toMatchObject({ status: "completed", replayed: true })
      expect(shop.books()).toEqual([{ orderId: "order-1", reserved: 1, charged: 100, shipped: 1 }])
    })

    test("orders at both at once are placed once each", async () => {
      const both = await world("twice")
      const ids = Array.from({ length: 10 }, (_, index) => `order-${index}`)
      const runs = await Promise.all(
        ids.map((id) => Promise.all([place(both.a, id), place(both.b, id)])),
      )
      for (const [one, two] of runs) {
        expect([one["status"], two["status"]]).toEqual(["completed", "completed"])
        expect(one["id"]).toBe(two["id"])
      }
      for (const balance of both.shop.books())
        expect(balance).toMatchObject({ reserved: 1, charged: 100, shipped: 1 })
    })

    test("with the database restarted in mid-run each order is placed once", async () => {
      const { a, b, shop } = await world("midway")
      const ids = Array.from({ length: 12 }, (_, index) => `order-${index + 10}`)
      const placing = Promise.all(
        ids.map((id, index) => place(index % 2 === 0 ? a : b, id).catch(() => ({}))),
      )
      await vi.waitFor(() => expect(shop.books().length).toBeGreaterThan(2), {
        timeout: 30_000,
        interval: 5,
      })
      await database.kill()
      await database.start()
      await placing
      // Whoever was refused, or did not wait, asks again, and at the other gateway.
      for (const [index, id] of ids.entries())
        await vi.waitFor(
          async () =>
            expect(await place(index % 2 === 0 ? b : a, id)).toMatchObject({ status: "completed" }),
          { timeout: 30_000, interval: 250 },
        )
      expect(shop.books()).toEqual(
        ids.map((orderId) => ({ orderId, reserved: 1, charged: 100, shipped: 1 })),
      )
    })

    test("with the database gone nothing is called, and all goes on when it is back", async () => {
      const { a, b, shop } = await world("restart")
      expect(await place(a, "order-0")).toMatchObject({ status: "completed" })
      await database.kill()
      const clerk = await connectAs(b.url, "shop-clerk", "1.0.0")
      const refused = await clerk.callTool(order("order-1"))
      await clerk.close()
      expect(refused).toMatchObject({ isError: true })
      expect(shop.books().map(({ orderId }) => orderId)).toEqual(["order-0"])
      await database.start()
      await vi.waitFor(
        async () => {
          expect(await place(b, "order-1")).toMatchObject({ status: "completed" })
        },
        { timeout: 30_000, interval: 250 },
      )
      expect(shop.books()).toHaveLength(2)
    })
  },
)
