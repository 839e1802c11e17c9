import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Books } from "../../support/books.ts"
import { crash } from "../../support/crash-tester.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../../support/postgres.ts"

/*
 * `KILLS=300 SEED=7 npx vitest run test/e2e/compositions/crash.test.ts` tries for as long as one has the patience. The seed
 * says who is killed after how many calls; what is under way then is up to the machine.
 */

const kills = Number(process.env["KILLS"] ?? 6)
const seed = Number(process.env["SEED"] ?? (process.env["CI"] ? 1 : Date.now() % 1_000_000))
const timeout = 120_000 + kills * 20_000 // a busy machine needs many seconds for a start

test("a gateway that is killed again and again leaves no order half done", {
  timeout,
}, async () => {
  const { orders, violations } = await crash({ gateways: 1, runs: "sqlite:./runs.db", seed, kills })
  expect({ seed, violations }).toEqual({ seed, violations: [] })
  expect(orders).toBeGreaterThan(kills)
})

test("the books show a gateway that sends no key twice", { timeout }, async () => {
  let calls = 0
  const books = new Books(() => String(++calls))
  const lossy = { gateways: 1, runs: "sqlite:./runs.db", seed: 1, kills: 1, losses: 0.15, books }
  const { violations } = await crash(lossy)
  expect(violations).toContainEqual(expect.stringMatching(/^twice: /))
})

describe.skipIf(postgresPrograms === undefined)("(skipped where there is no PostgreSQL)", () => {
  let database: Postgres
  beforeAll(async () => {
    database = await startPostgres(postgresPrograms ?? "")
  }, 60_000)
  afterAll(() => database.close())

  test("two gateways that are killed by turns, on a database that is, leave none half done", {
    timeout,
  }, async () => {
    const { orders, violations } = await crash({
      ...{ gateways: 2, runs: database.database("crash"), limits: { runLease: "1s" } },
      ...{ seed, kills },
      async meanwhile(kill) {
        if (kill % 3 !== 0) return
        await database.kill()
        await database.start()
      },
    })
    expect({ seed, violations }).toEqual({ seed, violations: [] })
    expect(orders).toBeGreaterThan(kills)
  })
})
