import fc from "fast-check"
import { expect } from "vitest"
import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import type { Journal, Lease } from "../../src/compose/run/durable/journal.ts"
import type { RunChange } from "../../src/compose/run/durable/record.ts"
import { isTerminal, runStatuses } from "../../src/compose/run/durable/status.ts"
import { MemoryJournal } from "../../src/store/journal/memory-journal.ts"
import { newRun } from "./journal-contract.ts"

/** What a journal is asked, in small numbers: which run, owner or key is meant, taken modulo those that there are. */
const asks = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("create" as const), fc.nat(3), fc.nat(5)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("append" as const), fc.nat(9), fc.nat(15)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("claim" as const), fc.nat(9), fc.nat(11)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("once" as const), fc.nat(1), fc.nat(15)) },
  ...(["renew", "release", "purge", "list"] as const).map((name) => ({
    weight: 1,
    arbitrary: fc.tuple(fc.constant(name), fc.nat(9), fc.nat(9)),
  })),
)

type Ask = typeof asks extends fc.Arbitrary<infer A> ? A : never

const owners = ["a", "b", "c"] as const
const large = (what: number) => ({ text: `${what}`.repeat(70_000) })
/** One thing in five stands apart in a file. */
const someOf = (what: number) => (what % 5 === 4 ? large(what % 10) : { what })
const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % from.length]

/** Asks both the same, and holds the one to what the other answers. */
class Pair {
  readonly #journal: Journal
  readonly #model = new MemoryJournal()
  readonly #name: string
  readonly #leases: Lease[] = []
  #nowMs = 1_000

  constructor(journal: Journal, name: string) {
    this.#journal = journal
    this.#name = name
  }

  async ask([name, which, how]: Ask): Promise<void> {
    this.#nowMs += 10
    switch (name) {
      case "create":
        return this.#create(which, how)
      case "append":
        return this.#append(which, how)
      case "claim":
        return this.#claim(which, how)
      case "once":
        return this.#once(which, how)
      case "renew": {
        const leaseUntilMs = how > 5 ? undefined : this.#nowMs + how * 10
        const owner = { owner: pick(owners, which) ?? "", leaseUntilMs, nowMs: this.#nowMs }
        return void (await this.#both((journal) => journal.renew(owner)))
      }
      case "release":
        return void (await this.#both((journal) => journal.release(pick(owners, which) ?? "")))
      case "purge": {
        const endedBeforeMs = this.#nowMs - which * 10
        const retention = { endedBeforeMs, buriedBeforeMs: endedBeforeMs - how * 20 }
        return void (await this.#both((journal) => journal.purge(retention)))
      }
      case "list":
        return this.#list(which, how)
    }
  }

  /** All that can be read. */
  async look(): Promise<void> {
    const ids = [...new Set(this.#leases.map(({ id }) => id)), "nobody"]
    for (const id of ids) {
      await this.#both((journal) => journal.get(id))
      await this.#both((journal) => journal.events(id))
    }
    for (const key of [0, 1, 2, 3]) await this.#both((journal) => journal.find(this.#key(key)))
    await this.#both((journal) => journal.counts())
    for (const owner of owners)
      await this.#both((journal) => journal.claimable(owner, this.#nowMs, 3))
    const seen = this.#leases.map((lease) => ({ ...lease, status: "running" as const }))
    await this.#both(async (journal) => (await journal.moved(seen)).toSorted())
  }

  async #create(which: number, how: number): Promise<void> {
    const id = `${this.#name}-${this.#leases.length}`
    const run = newRun(id, {
      ...(which > 0 && { key: this.#key(which) }),
      ...{ plan: `sha256:${how % 2}`, tool: `tool${how % 2}`, input: someOf(how) },
      createdMs: this.#nowMs,
    })
    const leaseUntilMs = how > 2 ? undefined : this.#nowMs + 30
    const owner = { owner: pick(owners, how) ?? "", leaseUntilMs, nowMs: this.#nowMs }
    const first = how % 3 === 0 ? undefined : { events: this.#events(1, which) }
    const plan = { of: how % 2 }
    const created = await this.#both((journal) => journal.create(run, plan, owner, first))
    if (created?.isNew === true) this.#leases.push(created.lease)
    await this.#both((journal) => journal.plan(`sha256:${how % 2}`), { isExact: created?.isNew })
  }

  /** Some of it again, with other words: what stood there first counts. */
  async #append(which: number, how: number): Promise<void> {
    const lease = pick(this.#leases, which)
    if (lease === undefined) return
    const record = await this.#model.get(lease.id)
    if (record !== undefined && isTerminal(record.status)) return // nobody writes to it any more
    const written = await this.#model.events(lease.id)
    const from = Math.max(1, written.length + 1 - (how % 3))
    const events = this.#events(from, how).slice(0, how % 4)
    await this.#both((journal) => journal.append(lease, events, this.#change(how)))
  }

  async #claim(which: number, how: number): Promise<void> {
    const { id } = pick(this.#leases, which) ?? { id: "nobody" }
    const leaseUntilMs = how % 2 === 0 ? undefined : this.#nowMs + how * 10
    const owner = { owner: pick(owners, how) ?? "", leaseUntilMs, nowMs: this.#nowMs }
    const claim = { ...owner, counts: how > 5, ...(how % 4 === 0 && { force: true as const }) }
    const lease = await this.#both((journal) => journal.claim(id, claim))
    if (lease !== undefined) this.#leases.push(lease)
  }

  async #once(which: number, how: number): Promise<void> {
    const key = `${this.#name}-${which}`
    const untilMs = how % 4 === 0 ? undefined : this.#nowMs + (how % 4) * 5
    const taker = { run: `r${how % 2}`, step: "s", scope: "agent", untilMs, nowMs: this.#nowMs }
    if (how < 8) return void (await this.#both((journal) => journal.takeOnce(key, taker)))
    const outcome = how % 6 === 0 ? undefined : large(how)
    await this.#both((journal) => journal.settleOnce(key, taker, outcome))
  }

  async #list(which: number, how: number): Promise<void> {
    const last = await this.#model.get(pick(this.#leases, which)?.id ?? "")
    const status = runStatuses.filter((_, index) => (how + which) % (index + 2) === 0)
    const filter = {
      ...(which % 2 === 0 && { status }),
      ...(how % 3 === 0 && { tool: `tool${which % 2}` }),
      ...(how % 4 === 0 && last !== undefined && { before: last }),
      max: (how % 4) + 1,
    }
    await this.#both((journal) => journal.list(filter))
  }

  #events(from: number, what: number): readonly StoredEvent[] {
    return [0, 1, 2].map((index) => ({
      ...{ seq: from + index, atMs: this.#nowMs + index, kind: "ok", step: `s${what}` },
      data: { value: someOf(what + index), effect: "done" },
    }))
  }

  #change(how: number): RunChange | undefined {
    const changes: readonly (RunChange | undefined)[] = [
      undefined,
      { status: "parked", reason: `why ${how}` },
      { status: "running", reason: null, deadlineMs: how === 2 ? null : this.#nowMs },
      { status: "completed", result: someOf(how) },
      { recoveries: 0 },
      undefined,
      { status: "waiting", reason: "asks" },
      undefined,
    ]
    return pick(changes, how)
  }

  #key(which: number): string {
    return `${this.#name}:${which}`
  }

  async #both<T>(
    use: (journal: Journal) => Promise<T>,
    { isExact = true }: { readonly isExact?: boolean | undefined } = {},
  ): Promise<T | undefined> {
    const [expected, got] = await Promise.allSettled([use(this.#model), use(this.#journal)])
    if (isExact) expect(outcomeOf(got)).toEqual(outcomeOf(expected))
    return expected.status === "fulfilled" ? expected.value : undefined
  }
}

const outcomeOf = (settled: PromiseSettledResult<unknown>): unknown =>
  settled.status === "fulfilled" ? settled.value : `rejected: ${settled.reason}`

/** Holds a journal to what one in memory does, whatever both are asked. `before`: each time, everything is taken out of it. */
export async function likeMemory(
  journal: Journal,
  { before, after, runs }: { before: () => unknown; after: () => unknown; runs: number },
): Promise<void> {
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(asks, { minLength: 10, maxLength: 50 }), async (asked) => {
      await before()
      const pair = new Pair(journal, `n${++round}`)
      for (const ask of asked) await pair.ask(ask)
      await pair.look()
      await after()
    }),
    { numRuns: runs },
  )
}
