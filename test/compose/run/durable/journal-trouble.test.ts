import { expect, test } from "vitest"
import type { StoredEvent } from "../../../../src/compose/run/durable/event.ts"
import {
  type Journal,
  JournalTrouble,
  type Lease,
} from "../../../../src/compose/run/durable/journal.ts"
import type { RunChange } from "../../../../src/compose/run/durable/record.ts"
import { RunState } from "../../../../src/compose/run/durable/state.ts"
import { MemoryJournal } from "../../../../src/store/journal/memory-journal.ts"
import { DurableWorld } from "../../../support/durable-world.ts"
import { broken, planned, ran, saga, step } from "../../../support/sagas.ts"

/** A journal that cannot be written for a while, from its nth append on. */
class Sick extends MemoryJournal implements Journal {
  appends = 0
  refused = 0
  readonly #from: number
  readonly #until: number

  constructor(from: number, length: number) {
    super()
    this.#from = from
    this.#until = from + length
  }

  override append(lease: Lease, events: readonly StoredEvent[], change?: RunChange): Promise<void> {
    this.appends++
    if (this.appends < this.#from || this.appends >= this.#until)
      return super.append(lease, events, change)
    this.refused++
    return Promise.reject(new JournalTrouble("no room", { kind: "full" }))
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  "while the journal cannot be written, from append %i on, nothing is called, and what is known is not lost",
  async (from) => {
    const journal = new Sick(from, 20)
    const { world, drive } = await ran(
      saga([step("a"), step("b"), step("c")]),
      { c: broken },
      { journal },
    )
    expect(drive.status).toBe("compensated")
    expect(world.called).toEqual(["a", "b", "c", "unb", "una"])
    expect(world.incarnations).toBe(1)
    if (journal.refused === 0) return
    expect(journal.refused).toBe(20)
    // All of it happened before the trouble began or after it was over, which took a second each time.
    expect(world.seen.filter(({ atMs }) => atMs > 500 && atMs < 19_500)).toEqual([])
  },
)

test("a process that ends does not wait for a journal that cannot be written", async () => {
  const journal = new Sick(1, Number.POSITIVE_INFINITY)
  const world = new DurableWorld({ a: { value: 1 }, b: {} }, { journal })
  world.begin(planned(saga([step("a"), step("b"), step("c")])))
  world.clock.at(5_500, () => world.driven?.leave({ class: "cancelled", message: "the end" }))
  expect(await world.drive()).toEqual({ status: "left" })
  expect(world.called).toEqual(["a"])
  expect(await world.story()).toEqual(["intent a"])
})

test("a fault of the gateway while it goes back ends the drive, and leaves no timer behind", async () => {
  class Faulty extends RunState {
    override apply(event: StoredEvent): void {
      if (event.kind === "undo") throw new Error("a bug")
      super.apply(event)
    }
  }
  const stateOf = (events: readonly StoredEvent[]) => {
    const state = new Faulty()
    for (const event of events) state.apply(event)
    return state
  }
  const world = new DurableWorld({ a: { afterMs: 1 }, b: { afterMs: 10 } }, { stateOf })
  world.begin(planned(saga([step("a"), step("b"), step("c")])))
  const reason = { class: "cancelled", message: "not wanted" } as const
  world.clock.at(5, () => world.driven?.cancel(reason))
  await expect(world.settle()).rejects.toThrow("a bug")
  expect(world.clock.timers).toBe(0)
})
