import fc from "fast-check"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Journal } from "../../../../../src/compose/run/durable/journal.ts"
import { openPostgresJournal } from "../../../../../src/store/journal/postgres/postgres-journal.ts"
import { setting } from "../../../../support/durable-setting.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../../../../support/postgres.ts"
import { drawn, sagas, violations } from "../../../../support/random-sagas.ts"

/*
 * What durable runs promise, kept in a real PostgreSQL, and folded again from it after every outcome.
 */

describe.skipIf(postgresPrograms === undefined)(
  "on PostgreSQL (skipped where there is none)",
  async () => {
    let server: Postgres
    let client: pg.Client
    let journal: Journal
    beforeAll(async () => {
      server = await startPostgres(postgresPrograms ?? "", { fsync: "off" })
      const url = server.database("kept")
      client = new pg.Client(url)
      await client.connect()
      journal = openPostgresJournal(url)
      await journal.check()
    }, 60_000)
    afterAll(async () => {
      await journal.close()
      await client.end()
      await server.close()
    })

    /** One database for all runs, each of which begins without the others. */
    const emptied = (): Journal =>
      new Proxy(journal, {
        get(_, name) {
          const value: unknown = name === "create" ? create : Reflect.get(journal, name)
          return typeof value === "function" ? value.bind(journal) : value
        },
      })
    const create: Journal["create"] = async (...run) => {
      await client.query("DELETE FROM postern.run; DELETE FROM postern.event")
      return journal.create(...run)
    }

    setting.open = emptied
    setting.isReplaying = true
    await import("../sagas.test.ts")
    await import("../going-back.test.ts")
    await import("../approvals.test.ts")

    test("random sagas end all done or all undone, with nothing done twice", async () => {
      await fc.assert(
        fc.asyncProperty(drawn, async (sketch) => {
          expect(await violations(sketch, emptied())).toEqual([])
        }),
        { numRuns: Math.ceil(sagas / 10) },
      )
    })
  },
)
