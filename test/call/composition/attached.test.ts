import { describe, expect, test, vi } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { failing } from "../../support/composed.ts"
import { taskIn, runTasksWorld as world } from "../../support/run-tasks.ts"

describe("a caller who attaches to a run that is under way", () => {
  /** What a legacy caller without tasks hears until it has its answer, and after. */
  function listener() {
    const told: JsonObject[] = []
    const onNotification = ({ params }: JsonObject) => void told.push(Object(params))
    return { told, more: { era: "legacy", meta: { progressToken: "p" }, onNotification } as const }
  }

  test("hears how far it is, and nothing after its result", async () => {
    const { begin, hold, begun } = world()
    const pay = hold("pay")
    await begin("order")
    await begun("pay")
    const { told, more } = listener()
    const result = begin("order", more)
    await expect.poll(() => told).toHaveLength(1)
    expect(told).toEqual([{ progressToken: "p", progress: 1, total: 3, message: "book" }])
    pay.resolve()
    expect(await result).toMatchObject({ structuredContent: { ship: { ship: 1 } } })
    const before = told.length
    await begin("order", more)
    expect(told).toHaveLength(before)
  })

  test("hears that it goes back", async () => {
    const { begin, hold, begun } = world({ answers: { pay: failing("no money") } })
    const [pay, unbook] = [hold("pay"), hold("unbook")]
    await begin("order")
    pay.resolve()
    await begun("unbook")
    const { told, more } = listener()
    const result = begin("order", more)
    await expect.poll(() => told.at(0)?.["message"]).toBe("undoing book")
    unbook.resolve()
    expect(await result).toMatchObject({ isError: true })
  })

  test("has it cancelled also where it is driven by somebody else", async () => {
    const { begin, hold, begun, runs, called } = world({ taskAfterMs: 0 })
    const { durable } = runs
    const book = hold("book")
    const id = taskIn(await begin("order"))
    await begun("book")
    const nowMs = durable.clock.now()
    const other = { owner: "another", nowMs, leaseUntilMs: nowMs + 60_000 }
    await durable.journal.claim(id, { ...other, counts: false, force: true })
    book.resolve()
    await durable.live(id)?.ended
    const cancellation = new Cancellation()
    const looks = vi.spyOn(durable, "look")
    const answer = begin("order", { era: "legacy", cancellation })
    await expect.poll(() => looks.mock.calls.map(([looked]) => looked)).toEqual([id])
    cancellation.cancel()
    await expect(answer).rejects.toThrow("cancelled")
    await durable.live(id)?.ended
    expect(await durable.find(id)).toMatchObject({ status: "compensated" })
    expect(called()).toEqual(["book", "unbook"])
  })
})
