import { join } from "node:path"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { connectAs } from "../../../examples/support/client.ts"
import { freePort } from "../../../examples/support/gateway.ts"
import { answering } from "../../../src/compose/run/durable/answering.ts"
import { RunState } from "../../../src/compose/run/durable/state.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { openPostgresJournal } from "../../../src/store/journal/postgres/postgres-journal.ts"
import { command } from "../../support/command.ts"
import { callTool, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../../support/postgres.ts"
import { type Proxied, proxied } from "../../support/postgres-proxy.ts"
import { Shop, shopRegistry } from "../../support/scripted-shop.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/* An operator at one of two gateways on one PostgreSQL, and runs that are the other one's. */
describe.skipIf(postgresPrograms === undefined)(
  "an operator at another gateway (skipped where there is no PostgreSQL)",
  () => {
    let database: Postgres
    let url: string
    /** Between the database and the gateway where the operator is. */
    let network: Proxied
    const shop = new Shop()
    /** Has all runs. */
    let one: TestGateway
    /** Where the operator is. */
    let other: TestGateway

    const start = async (runsAt: string) =>
      startGateway({
        registry: shopRegistry,
        servers: { "shop:1.0.0": { url: String(shop.backend?.url) } },
        config: {
          admin: { port: await freePort() },
          state: { runs: runsAt },
          limits: { runHold: "20s", runLease: "2s" },
        },
      })
    beforeAll(async () => {
      database = await startPostgres(postgresPrograms ?? "")
      url = database.database("shared")
      await shop.open()
      network = await proxied(database.port)
      one = await start(url)
      other = await start(network.url(url))
    })
    afterAll(async () => {
      for (const gateway of [one, other]) await gateway[Symbol.asyncDispose]()
      await shop.backend?.[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
      await database.close()
    })

    const runs = (...args: readonly string[]) =>
      command(["runs", ...args, "--config", join(other.folder, "postern.yaml")])
    const operate = (verb: string, ...args: readonly string[]) =>
      runs(verb, ...args, "--operator", "kim", "--reason", "r")
    const order = (name: string, tool = "order") => callTool(one, "buyer", tool, { id: name })
    const runOf = (result: JsonObject | undefined) => Object(result?.["_meta"])["dev.postern/run"]
    const show = async (id: string): Promise<JsonObject> =>
      JSON.parse((await runs("show", id, "--json")).stdout)
    const isNow = (id: string, status: string) =>
      becomes(async () => (await show(id))["status"] === status, `${id} is ${status}`)
    /** The id of the run of this order, once it is there. */
    async function idOf(name: string, status: string): Promise<string> {
      let id: unknown
      await becomes(async () => {
        const { runs: found } = JSON.parse((await runs("list", "-s", status, "--json")).stdout)
        id = found.find(({ key }: JsonObject) => String(key).endsWith(`:${name}`))?.id
        return id !== undefined
      }, `${name} is ${status}`)
      return String(id)
    }

    /** Its owner has looked what is asked of it: that is done more often than three leases are prolonged. */
    async function isHeard(id: string): Promise<void> {
      const client = new pg.Client(url)
      await client.connect()
      const leases = new Set<unknown>()
      await becomes(async () => {
        const { rows } = await client.query(
          "SELECT r.lease_until AS until FROM postern.run r JOIN postern.want w ON w.run = r.id WHERE r.id = $1",
          [id],
        )
        for (const { until } of rows) leases.add(until)
        return leases.size > 3
      }, "it is asked for")
      await client.end()
    }

    test.each([
      ["resume", "completed", []],
      ["retry-step", "completed", ["charge"]],
      ["skip-step", "completed", ["charge", "--output", "{}"]],
      ["compensate", "compensated", []],
      ["abandon", "abandoned", []],
    ] as const)("does %s with what the other one has parked", async (verb, status, args) => {
      shop.plan(verb, "charge", "lost")
      const { id } = runOf(await order(verb))
      expect(await show(id)).toMatchObject({ status: "parked" })
      expect(await operate(verb, id, ...args)).toMatchObject({ code: 0 })
      await isNow(id, status)
      expect(runOf(await order(verb))).toMatchObject({ id, status, replayed: true })
    })

    test.each([["cancel"], ["compensate"]])(
      "does %s with what is under way there, when that has ended: its outcome is known",
      async (verb) => {
        const name = `under-way-${verb}`
        shop.plan(name, "reserve", "held")
        const answer = order(name)
        await becomes(() => shop.called(name).length === 1, "it is under way")
        const id = await idOf(name, "running")
        const operated = operate(verb, id)
        await isHeard(id)
        shop.release(name)
        expect(await operated).toMatchObject({ code: 0 })
        await isNow(id, "compensated")
        expect(shop.called(name)).toEqual(["reserve", "unreserve"])
        const { events } = await show(id)
        expect(JSON.stringify(events)).not.toContain('"unknown"')
        expect(runOf(await answer)).toMatchObject({ id, status: "compensated" })
      },
    )

    test("and a caller who attaches there hears how far the run is, from what its owner writes", async () => {
      shop.plan("far", "ship", "held")
      const answer = order("far")
      await becomes(() => shop.called("far").at(-1) === "ship", "it is half way")
      const caller = await connectAs(new URL(other.url), "buyer", "1.0.0")
      const told: unknown[] = []
      const { promise: halfWay, resolve } = Promise.withResolvers<void>()
      const attached = caller.callTool(
        { name: "order", arguments: { id: "far" } },
        { onprogress: (progress) => resolve(void told.push(progress)) },
      )
      await halfWay
      shop.plan("far", "tell", "held")
      shop.release("far")
      await becomes(() => told.length === 2, "the next step is told")
      shop.release("far")
      const { id } = runOf(await answer)
      const { _meta } = await attached
      expect(_meta?.["dev.postern/run"]).toMatchObject({ id, status: "completed", replayed: true })
      await caller.close()
      expect(told.slice(0, 2)).toEqual([
        { progress: 2, total: 4, message: "charge" },
        { progress: 3, total: 4, message: "ship" },
      ])
    })

    test("answers what a run there asks, and the caller there gets the result", async () => {
      const answer = order("asked", "grant")
      const id = await idOf("asked", "waiting")
      expect(
        await operate("answer", id, "accept", "--content", '{"note": "from afar"}'),
      ).toMatchObject({ code: 0 })
      const result = await answer
      expect(runOf(result)).toMatchObject({ id, status: "completed" })
      expect(JSON.stringify(result)).toContain("from afar")
      expect(shop.called("asked")).toEqual(["reserve", "ship"])
    })

    test("does what is wanted with the runs of one that is dead", async () => {
      shop.plan("dead-running", "reserve", "broken")
      const lost = ["dead-running", "dead-stopped"].map((name) => {
        shop.plan(name, "reserve", "broken")
        return order(name).catch(() => undefined)
      })
      lost.push(order("dead-waiting", "grant").catch(() => undefined))
      const [running, stopped] = [
        await idOf("dead-running", "running"),
        await idOf("dead-stopped", "running"),
      ]
      const waiting = await idOf("dead-waiting", "waiting")
      await becomes(() => shop.called("dead-stopped").length === 1, "it waits to try again")
      await becomes(() => shop.called("dead-running").length === 1, "it waits to try again")
      one.running.child.kill("SIGKILL")
      await one.running.exited
      await Promise.all(lost)
      const verbs = await Promise.all([
        operate("cancel", running),
        operate("compensate", stopped),
        operate("answer", waiting, "decline"),
      ])
      expect(verbs.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, ""]))
      for (const id of [running, stopped, waiting]) await isNow(id, "compensated")
      expect(shop.called("dead-running")).toEqual(["reserve"])
      expect(shop.called("dead-waiting")).toEqual(["reserve", "unreserve"])
    })

    test("goes on with what waited here, was answered by one that ended, and is nobody's now", async () => {
      const waits = callTool(other, "buyer", "grant", { id: "left" })
      const id = await idOf("left", "waiting")
      const journal = openPostgresJournal(url)
      const nowMs = Date.now()
      const owner = { owner: "gone", nowMs, leaseUntilMs: nowMs + 60_000 }
      const lease = await journal.claim(id, { ...owner, counts: false, force: true })
      const record = await journal.get(id)
      if (lease === undefined || record === undefined) throw new Error("it is there, and open")
      const state = RunState.of(await journal.events(id))
      const declined = new Map([["ask", { action: "decline" as const, who: "kim" }]])
      const { events, change } = answering(declined, { state, record, nowMs })
      await journal.append(lease, events, change)
      await journal.close()
      expect(runOf(await waits)).toMatchObject({ id, status: "compensated" })
      expect(shop.called("left")).toEqual(["reserve", "unreserve"])
    })

    test("ends when it is told to, though its database is not heard of any more", async () => {
      const many = Array.from({ length: 20 }, (_, index) => `many-${index}`)
      for (const result of await Promise.all(
        many.map((id) => callTool(other, "buyer", "order", { id })),
      ))
        expect(runOf(result)).toMatchObject({ status: "completed" })
      network.stall()
      expect(await other.stop()).toEqual({ code: 0, signal: null })
    })
  },
)
