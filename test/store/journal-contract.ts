import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import { type Journal, type Owner, RunLost } from "../../src/compose/run/durable/journal.ts"
import type { NewRun } from "../../src/compose/run/durable/record.ts"
import { RunState } from "../../src/compose/run/durable/state.ts"

/** How a suite gets at one implementation. */
interface Subject {
  /** Opens the same journal at each call within one test, as after a restart; another one in the next test. */
  open(): Promise<Journal>
  /** False where nothing is meant to survive. */
  readonly isDurable: boolean
}

export const me: Owner = { owner: "me", leaseUntilMs: undefined, nowMs: 1_000 }
const other: Owner = { owner: "other", leaseUntilMs: 20_000, nowMs: 1_000 }

export const newRun = (id: string, more: Partial<NewRun> = {}): NewRun => ({
  id,
  tool: "place_order",
  version: "1.0.0",
  plan: "sha256:plan",
  registry: "sha256:registry",
  principal: { agent: "shop", principal: "p" },
  input: { orderId: id },
  inputDigest: `sha256:${id}`,
  createdMs: 1_000,
  ...more,
})

const plan = { language: 1, root: { steps: [] } }

const intent = (seq: number, step = "reserve"): StoredEvent => ({
  seq,
  atMs: 1_000 + seq,
  kind: "intent",
  step,
  attempt: 1,
  data: { input: "sha256:1", target: "inventory_reserve@1.0.0" },
})
const ok = (seq: number, step = "reserve"): StoredEvent => ({
  seq,
  atMs: 1_000 + seq,
  kind: "ok",
  step,
  data: { value: { id: 7, ünï: ["\u0000", 0.1, null] }, effect: "done" },
})
const turn = (seq: number, to: "completed" | "parked" | "running"): StoredEvent => ({
  seq,
  atMs: 1_000 + seq,
  kind: "turn",
  step: "",
  data: { to },
})

/** What every journal does. An implementation's own test file calls this and adds only what is its own. */
export function journalContract(name: string, subject: (test: { id: string }) => Subject): void {
  describe(`${name}, as any journal,`, () => {
    let journal: Journal
    let it: Subject
    beforeEach(async (context) => {
      it = subject(context.task)
      journal = await it.open()
    })
    afterEach(() => journal.close())

    async function begun(id: string, more?: Partial<NewRun>, owner: Owner = me) {
      const created = await journal.create(newRun(id, more), plan, owner)
      if (!created.isNew) throw new Error("the key is taken")
      return created.lease
    }

    async function reopened() {
      await journal.close()
      journal = await it.open()
    }

    test("gives a run back as it was begun, with its plan", async () => {
      const deep = { a: [1, { b: null, __proto__x: "y" }], text: "ü\u2028" }
      const run = newRun("r1", {
        key: "saga:order:1",
        input: deep,
        deadlineMs: 9_000,
        trace: "00-a",
      })
      expect(await journal.create(run, plan, me)).toEqual({
        isNew: true,
        lease: { id: "r1", epoch: 1 },
      })
      const begun = { ...run, status: "running", owner: "me", epoch: 1, recoveries: 0 }
      expect(await journal.get("r1")).toEqual({ ...begun, updatedMs: 1_000 })
      expect(await journal.find("saga:order:1")).toEqual(await journal.get("r1"))
      expect(await journal.plan("sha256:plan")).toEqual(plan)
      expect(await journal.events("r1")).toEqual([])
    })

    test("writes the first of a run's events with its beginning, or nothing of it", async () => {
      const first = {
        events: [intent(1), ok(2)],
        change: { status: "parked", reason: "why" },
      } as const
      const run = newRun("r1", { key: "k" })
      expect(await journal.create(run, plan, me, first)).toMatchObject({ isNew: true })
      expect(await journal.events("r1")).toEqual(first.events)
      expect(await journal.get("r1")).toMatchObject({ ...first.change, epoch: 1, updatedMs: 1_002 })
      const second = await journal.create(newRun("r2", { key: "k" }), plan, me, first)
      expect(second).toMatchObject({ isNew: false, run: { id: "r1" } })
      expect(await journal.events("r2")).toEqual([])
      await journal.append({ id: "r1", epoch: 1 }, [intent(1), ok(2), intent(3, "pay")])
      expect(await journal.events("r1")).toEqual([...first.events, intent(3, "pay")])
    })

    test("knows nothing of what it never saw", async () => {
      expect(await journal.get("r1")).toBeUndefined()
      expect(await journal.find("r1")).toBeUndefined()
      expect(await journal.events("r1")).toEqual([])
      expect(await journal.plan("sha256:plan")).toBeUndefined()
      expect(await journal.claim("r1", { ...me, counts: true })).toBeUndefined()
      await expect(journal.append({ id: "r1", epoch: 1 }, [intent(1)])).rejects.toThrow(RunLost)
    })

    test("gives a key to one of many who begin at once, and tells the others whose it is", async () => {
      const all = await Promise.all(
        ["r1", "r2", "r3", "r4"].map((id) => journal.create(newRun(id, { key: "k" }), plan, me)),
      )
      expect(all.filter(({ isNew }) => isNew)).toHaveLength(1)
      const owner = await journal.find("k")
      for (const one of all) if (!one.isNew) expect(one.run).toEqual(owner)
      expect(await journal.list({ max: 10 })).toHaveLength(1)
    })

    test("gives events back in their order, as they were, and folds to the same", async () => {
      const lease = await begun("r1")
      const events = [intent(1), ok(2), intent(3, "pay[0]")]
      await Promise.all([
        journal.append(lease, events.slice(0, 2)),
        journal.append(lease, events.slice(2)),
      ])
      expect(await journal.events("r1")).toEqual(events)
      expect(await journal.events("r2")).toEqual([])
      const state = RunState.of(await journal.events("r1"))
      expect(state.step("reserve")).toMatchObject({ standing: "done", endSeq: 2 })
    })

    test("writes an event once, however often it is appended", async () => {
      const lease = await begun("r1")
      await journal.append(lease, [intent(1)])
      await journal.append(lease, [intent(1), ok(2)])
      await journal.append(lease, [ok(2)])
      expect(await journal.events("r1")).toEqual([intent(1), ok(2)])
    })

    test("does not change when what it was given changes", async () => {
      const lease = await begun("r1")
      const value: { id: number } = { id: 1 }
      const event: StoredEvent = { ...ok(1), kind: "ok", data: { value, effect: "done" } }
      await journal.append(lease, [event])
      value.id = 2
      expect(await journal.events("r1")).toMatchObject([{ data: { value: { id: 1 } } }])
    })

    test("writes the change with the events", async () => {
      const lease = await begun("r1", { deadlineMs: 5_000 })
      await journal.append(lease, [turn(1, "parked")], { status: "parked", reason: "why" })
      expect(await journal.get("r1")).toMatchObject({
        status: "parked",
        reason: "why",
        updatedMs: 1_001,
      })
      await journal.append(lease, [turn(2, "running")], {
        status: "running",
        reason: null,
        deadlineMs: 7_000,
      })
      const running = await journal.get("r1")
      expect(running).toMatchObject({ status: "running", deadlineMs: 7_000 })
      expect(running).not.toHaveProperty("reason")
      await journal.append(lease, [turn(3, "completed")], {
        status: "completed",
        deadlineMs: null,
        result: { structuredContent: { ok: true } },
      })
      const ended = await journal.get("r1")
      expect(ended).toMatchObject({
        status: "completed",
        result: { structuredContent: { ok: true } },
      })
      expect(ended).not.toHaveProperty("deadlineMs")
    })

    test("refuses whatever an earlier owner writes, and leaves its neighbours alone", async () => {
      const old = await begun("r1")
      const neighbour = await begun("r2")
      const now = await journal.claim("r1", { ...me, counts: true })
      expect(now).toEqual({ id: "r1", epoch: 2 })
      if (now === undefined) return
      const [late, fresh, beside] = await Promise.allSettled([
        journal.append(old, [intent(1)], { status: "completed" }),
        journal.append(now, [intent(1, "mine")]),
        journal.append(neighbour, [intent(1)]),
      ])
      expect(late).toMatchObject({ status: "rejected", reason: { name: "RunLost" } })
      expect([fresh.status, beside.status]).toEqual(["fulfilled", "fulfilled"])
      expect(await journal.events("r1")).toEqual([intent(1, "mine")])
      expect(await journal.get("r1")).toMatchObject({ status: "running", epoch: 2, recoveries: 1 })
    })

    test("lets a run be taken from another owner when its lease is over, or by force", async () => {
      await begun("r1", {}, other)
      const claim = (more: object) => journal.claim("r1", { ...me, counts: true, ...more })
      expect(await claim({})).toBeUndefined()
      expect(await journal.claimable("me", 20_000, 10)).toEqual([])
      expect(await journal.claimable("me", 20_001, 10)).toEqual(["r1"])
      await journal.renew({ ...other, leaseUntilMs: 30_000 })
      expect(await claim({ nowMs: 20_001 })).toBeUndefined()
      expect(await claim({ force: true, counts: false })).toEqual({ id: "r1", epoch: 2 })
      expect(await journal.get("r1")).toMatchObject({ owner: "me", recoveries: 0 })
      await journal.append({ id: "r1", epoch: 2 }, [ok(1)], { recoveries: 0 })
    })

    test("lets one of several take a run that was given up", async () => {
      await begun("r1", {}, other)
      await journal.release("other")
      expect(await journal.claimable("me", 1_000, 10)).toEqual(["r1"])
      const claims = ["a", "b", "c"].map((owner) =>
        journal.claim("r1", { owner, leaseUntilMs: 20_000, nowMs: 1_000, counts: true }),
      )
      const taken = (await Promise.all(claims)).filter((lease) => lease !== undefined)
      expect(taken).toEqual([{ id: "r1", epoch: 2 }])
    })

    test("gives nobody a run that has ended, and a parked one to whoever asks for it", async () => {
      const [ended, parked] = [await begun("r1"), await begun("r2", { createdMs: 500 })]
      await journal.append(ended, [turn(1, "completed")], { status: "completed" })
      await journal.append(parked, [turn(1, "parked")], { status: "parked" })
      expect(await journal.claimable("me", 9_000, 10)).toEqual([])
      expect(await journal.claim("r1", { ...me, counts: true, force: true })).toBeUndefined()
      expect(await journal.claim("r2", { ...me, counts: false })).toEqual({ id: "r2", epoch: 2 })
      const record = await journal.get("r1")
      await journal.renew({ ...me, leaseUntilMs: 30_000 })
      expect(await journal.get("r2")).toMatchObject({ leaseUntilMs: 30_000 })
      await journal.release("me")
      expect(await journal.get("r1")).toEqual(record) // only what has no end is looked for
    })

    test("lists the youngest first, page by page, and counts", async () => {
      for (const [index, id] of ["a", "b", "c", "d", "e"].entries())
        await begun(id, { createdMs: 1_000 + (index >> 1), tool: index === 0 ? "x" : "y" })
      await journal.append({ id: "e", epoch: 1 }, [turn(1, "parked")], { status: "parked" })
      const page = await journal.list({ max: 2 })
      expect(page.map(({ id }) => id)).toEqual(["e", "d"])
      const [, last] = page
      if (last === undefined) throw new Error("no page")
      const next = await journal.list({ max: 9, before: last })
      expect(next.map(({ id }) => id)).toEqual(["c", "b", "a"])
      expect(await journal.list({ max: 9, status: ["parked", "failed"] })).toMatchObject([
        { id: "e" },
      ])
      expect(await journal.list({ max: 9, tool: "x" })).toMatchObject([{ id: "a" }])
      expect(await journal.claimable("me", 9_000, 3)).toEqual(["a", "b", "c"])
      expect(await journal.counts()).toEqual({
        byStatus: { running: 4, parked: 1 },
        oldestOpenMs: 1_000,
      })
    })

    test("says which runs stand otherwise than they were seen", async () => {
      const ids = ["still", "on", "taken", "ended"]
      for (const id of ids) await journal.create(newRun(id), plan, me)
      const seen = ids.map((id) => ({ id, epoch: 1, status: "running" }) as const)
      expect(await journal.moved(seen)).toEqual([])
      await journal.append({ id: "on", epoch: 1 }, [intent(1)])
      await journal.claim("taken", { ...me, counts: false })
      await journal.append({ id: "ended", epoch: 1 }, [turn(1, "completed")], {
        status: "completed",
      })
      const gone = { id: "gone", epoch: 1, status: "running" } as const
      expect((await journal.moved([...seen, gone])).toSorted()).toEqual(["ended", "gone", "taken"])
      expect(await journal.moved([])).toEqual([])
    })

    test("carries large values, each as often as it is used", async () => {
      const large = { text: "ü".repeat(100_000) }
      const lease = await begun("r1", { input: large, key: "k1" })
      const event: StoredEvent = { ...ok(1), kind: "ok", data: { value: large, effect: "done" } }
      await journal.append(lease, [event, { ...event, seq: 2, step: "b" }], { result: large })
      expect(await journal.get("r1")).toMatchObject({ input: large, result: large })
      expect(await journal.events("r1")).toEqual([event, { ...event, seq: 2, step: "b" }])
    })

    test("forgets what ended long ago, but that its key is taken", async () => {
      const large = { text: "x".repeat(100_000) }
      const leases = [
        await begun("old", { key: "k-old", input: large }),
        await begun("young", { key: "k-young", input: large }),
        await begun("open", { key: "k-open" }),
        await begun("parked", { key: "k-parked" }),
      ] as const
      const at = (event: StoredEvent, atMs: number) => ({ ...event, atMs })
      const done = { status: "completed" } as const
      await journal.append(leases[0], [at(turn(1, "completed"), 2_000)], done)
      await journal.append(leases[1], [at(turn(1, "completed"), 8_000)], done)
      await journal.append(leases[3], [at(turn(1, "parked"), 2_000)], { status: "parked" })
      expect(await journal.purge({ endedBeforeMs: 5_000, buriedBeforeMs: 1_000 })).toBe(1)
      expect(await journal.get("old")).toBeUndefined()
      expect(await journal.events("old")).toEqual([])
      const grave = { id: "old", key: "k-old", inputDigest: "sha256:old", status: "completed" }
      expect(await journal.find("k-old")).toEqual(grave)
      const again = await journal.create(newRun("new", { key: "k-old" }), plan, me)
      expect(again).toEqual({ isNew: false, run: grave })
      expect((await journal.list({ max: 9 })).map(({ id }) => id).sort()).toEqual([
        "open",
        "parked",
        "young",
      ])
      expect(await journal.get("young")).toMatchObject({ input: large })
      expect(await journal.plan("sha256:plan")).toEqual(plan)
      expect(await journal.purge({ endedBeforeMs: 5_000, buriedBeforeMs: 5_000 })).toBe(0)
      expect(await journal.find("k-old")).toBeUndefined()
    })

    test("lets one do what is to be done once, and gives its outcome to the others", async () => {
      const taker = (run: string, more: object = {}) => ({
        ...{ run, step: "s", scope: "agent", untilMs: undefined, nowMs: 1_000 },
        ...more,
      })
      const taken = await Promise.all(["r1", "r2"].map((run) => journal.takeOnce("k", taker(run))))
      const [mine, theirs] = taken[0]?.is === "taken" ? ["r1", "r2"] : ["r2", "r1"]
      expect(taken.toSorted((one, other) => (one.is < other.is ? -1 : 1))).toEqual([
        { is: "taken" },
        { is: "underway", run: mine },
      ])
      expect(await journal.takeOnce("k", taker(mine))).toEqual({ is: "taken" })
      await journal.settleOnce("k", taker(theirs), { not: "mine" })
      await journal.settleOnce("k", taker(mine), undefined)
      expect(await journal.takeOnce("k", taker(theirs))).toEqual({ is: "taken" })
      await journal.settleOnce("k", taker(theirs, { untilMs: 5_000 }), { id: 1 })
      const settled = { is: "settled", scope: "agent", outcome: { id: 1 } }
      expect(await journal.takeOnce("k", taker(mine))).toEqual(settled)
      expect(await journal.takeOnce("k", taker(mine, { nowMs: 5_000 }))).toEqual({ is: "taken" })
    })

    test("forgets what was done once when its time is over, and keeps what is under way", async () => {
      const taker = (untilMs: number) => ({
        run: "r",
        step: "s",
        scope: "agent",
        untilMs,
        nowMs: 1,
      })
      for (const key of ["short", "long", "open"]) await journal.takeOnce(key, taker(5_000))
      await journal.settleOnce("short", taker(5_000), { id: 1 })
      await journal.settleOnce("long", taker(8_000), { id: 2 })
      await journal.purge({ endedBeforeMs: 6_000, buriedBeforeMs: 0 })
      const others = (key: string) => journal.takeOnce(key, { ...taker(9_000), run: "another" })
      expect(await others("short")).toEqual({ is: "taken" })
      expect(await others("long")).toMatchObject({ is: "settled", outcome: { id: 2 } })
      expect(await others("open")).toEqual({ is: "underway", run: "r" })
    })

    test("takes texts with any character in them, and does no other run harm for it", async () => {
      const key = "saga:order:a\0b"
      const step = "pay\0"
      const lease = await begun("r1", { key })
      const [again, neighbour] = await Promise.all([
        journal.create(newRun("r2", { key }), plan, me),
        journal.create(newRun("r3", { key: "saga:order:c" }), plan, me),
        journal.append(lease, [intent(1, step)], { reason: "it said \0" }),
      ])
      expect(again).toMatchObject({ isNew: false, run: { id: "r1" } })
      expect(neighbour).toMatchObject({ isNew: true })
      expect(await journal.find(key)).toMatchObject({ id: "r1" })
      expect(await journal.events("r1")).toHaveLength(1)
      expect(await journal.get("\0")).toBeUndefined()
      expect(await journal.list({ tool: "\0", max: 9 })).toEqual([])
      const taker = { run: "r1", step, scope: "\0", untilMs: undefined, nowMs: 1_000 }
      await journal.takeOnce("k", taker)
      await journal.settleOnce("k", taker, "done")
      expect(await journal.takeOnce("k", taker)).toMatchObject({ is: "settled", outcome: "done" })
    })

    test("is closed once, however often it is asked to be, and of no use then", async () => {
      const lease = await begun("r1")
      await Promise.all([journal.close(), journal.close()])
      await expect(journal.append(lease, [intent(1)])).rejects.toMatchObject({ kind: "closed" })
      await expect(journal.create(newRun("r2"), plan, me)).rejects.toMatchObject({ kind: "closed" })
      await expect(journal.get("r1")).rejects.toMatchObject({ kind: "closed" })
    })

    test("remembers after it was opened again, where it is durable", async () => {
      const lease = await begun("r1", { key: "k" })
      await journal.append(lease, [intent(1), ok(2)])
      await reopened()
      expect(await journal.events("r1")).toEqual(it.isDurable ? [intent(1), ok(2)] : [])
      expect(await journal.claimable("next", 1_000, 9)).toEqual(it.isDurable ? ["r1"] : [])
    })
  })
}
