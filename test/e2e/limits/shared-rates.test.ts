import { Client } from "pg"
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest"
import { PostgresRates } from "../../../src/store/rates/postgres-rates.ts"
import { openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import {
  callTool,
  logged,
  refusalOf,
  startGateway,
  type TestGateway,
} from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../../support/postgres.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

describe.skipIf(postgresPrograms === undefined)(
  "two gateways that count in one PostgreSQL (skipped where there is none)",
  () => {
    let database: Postgres
    let url: string
    let backend: TestBackend
    let gateways: readonly TestGateway[]
    beforeAll(async () => {
      database = await startPostgres(postgresPrograms ?? "")
      url = database.database("rates")
      backend = await openBackend()
      gateways = await Promise.all(["one", "two"].map(() => open()))
    })
    afterAll(async () => {
      for (const gateway of gateways) await gateway[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
      await database.close()
    })

    const open = () =>
      startGateway({
        registry: {
          tools: { echo: "web" },
          agents: { steady: ["echo"], daily: ["echo"], late: ["echo"] },
        },
        servers: { "web:1.0.0": { url: backend.url } },
        config: {
          state: { rates: url },
          // As long as the machine of a test may take; only a database that is away is waited for.
          limits: { rateStoreTimeout: "20s" },
          rateLimits: [
            { agent: "steady", rate: "10/h" },
            { agent: "daily", quota: "7/d" },
            { agent: "late", rate: "100/h" },
          ],
        },
      })

    /** So many calls, in turn to both gateways and all at once; how many were let through. */
    async function passed(agent: string, calls: number): Promise<number> {
      const codes = await Promise.all(
        Array.from({ length: calls }, async (_, n) => {
          const gateway = gateways[n % 2]
          if (gateway === undefined) throw new Error("there are two")
          return refusalOf(await callTool(gateway, agent, "echo"))
        }),
      )
      expect(new Set(codes)).toEqual(new Set([undefined, "rate_limited"]))
      return codes.filter((code) => code === undefined).length
    }

    test("have it open before the first call", async () => {
      const client = new Client({ connectionString: url })
      onTestFinished(() => client.end())
      await client.connect()
      const tables = async () => {
        const { rows } = await client.query("SELECT to_regclass('postern.rates') AS found")
        return rows[0].found
      }
      await vi.waitFor(async () => expect(await tables()).not.toBeNull(), { timeout: 30_000 })
    })

    test("let through together what one may: a rate, and a quota", async () => {
      expect(await passed("steady@1.0.0", 40)).toBe(10)
      expect(await passed("daily@1.0.0", 40)).toBe(7)
    })

    test("count the same for a gateway that comes later", async () => {
      await using late = await open()
      expect(refusalOf(await callTool(late, "steady@1.0.0", "echo"))).toBe("rate_limited")
    })

    test("count each for itself while it is away, say so, and come back", async () => {
      await database.kill()
      await using begunWithout = await open()
      await logged(begunWithout, "rate_store_lost") // nobody has called yet
      await passedEach()
      for (const gateway of gateways) {
        const { reason } = await logged(gateway, "rate_store_lost")
        expect(String(reason)).not.toContain("postern@")
        const { text } = await gateway.admin("/metrics")
        expect(text).toMatch(/^postern_rate_store_failures_total [1-9]/m)
      }
      await database.start()
      await becomes(async () => {
        for (const gateway of gateways) await callTool(gateway, "late@1.0.0", "echo")
        return gateways.every((gateway) =>
          gateway.log().some(({ event }) => event === "rate_store_back"),
        )
      }, "both are back")
      expect(refusalOf(await callTool(gateways[0] as TestGateway, "daily@1.0.0", "echo"))).toBe(
        "rate_limited",
      )
    })

    /** An agent that has not asked yet: that others may not is known without asking. */
    async function passedEach(): Promise<void> {
      for (const gateway of gateways) {
        const codes = new Set<unknown>()
        for (let n = 0; n < 3; n++)
          codes.add(refusalOf(await callTool(gateway, "late@1.0.0", "echo")))
        expect(codes.has("rate_limited")).toBe(false)
      }
    }

    test("give back what another rule refused, in a bucket and in a window", async () => {
      const rates = new PostgresRates(url, 20_000)
      for (const strategy of ["token_bucket", "fixed_window"] as const) {
        const count = { key: strategy, measure: { strategy, rate: 3, windowMs: 86_400_000 } }
        const taken = await Promise.all(Array.from({ length: 20 }, () => rates.take(count)))
        expect(taken.filter((waitMs) => waitMs === 0)).toHaveLength(3)
        for (const waitMs of taken) expect(waitMs).toBeLessThanOrEqual(86_400_000)
        await rates.giveBack(count)
        expect(await rates.take(count)).toBe(0)
        expect(await rates.take(count)).toBeGreaterThan(0)
      }
      await rates.close()
    })
  },
)
