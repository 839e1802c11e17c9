import { expect, test } from "vitest"
import { MemoryRates } from "../../../src/call/limits/memory-rates.ts"
import { SharedRates } from "../../../src/call/limits/shared-rates.ts"

const counts = [
  {
    key: "k",
    label: "l",
    measure: { strategy: "fixed_window", rate: 1_000, windowMs: 60_000 } as const,
  },
]

test("a store that fails one call of many is lost once a second at most, and back when one that tries it gets through", async () => {
  let nowMs = 0
  const told: string[] = []
  const waiting: PromiseWithResolvers<number>[] = []
  const store = {
    open: async () => {},
    take() {
      const one = Promise.withResolvers<number>()
      waiting.push(one)
      return one.promise
    },
    giveBack: async () => {},
  }
  const rates = new SharedRates(store, {
    local: new MemoryRates(10, () => nowMs),
    now: () => nowMs,
    keysMax: 10,
    onLost: () => told.push("lost"),
    onBack: () => told.push("back"),
  })
  const under = [rates.take(counts), rates.take(counts), rates.take(counts)]
  const [first, second, third] = waiting
  first?.reject(new Error("too slow"))
  await under[0]
  second?.resolve(0)
  await under[1]
  third?.reject(new Error("too slow"))
  await under[2]
  expect(told).toEqual(["lost"])
  expect(rates.take(counts)).toBeUndefined() // counted here, and nobody is asked
  expect(waiting).toHaveLength(3)
  nowMs = 1_000
  const trying = rates.take(counts)
  expect(rates.take(counts)).toBeUndefined()
  waiting[3]?.resolve(0)
  await trying
  expect(told).toEqual(["lost", "back"])
  void rates.take(counts)
  expect(waiting).toHaveLength(5)
})
