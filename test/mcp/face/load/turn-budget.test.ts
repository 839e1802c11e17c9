import fc from "fast-check"
import { expect, test } from "vitest"
import { TurnBudget } from "../../../../src/mcp/face/load/turn-budget.ts"

/** How many of a crowd are let in, of whom each takes so long. */
function letIn(budget: TurnBudget, crowd: number, eachMs: number): number {
  const nows = Array.from({ length: crowd }, (_, nth) => nth * eachMs)
  let spentMs = 0
  return nows.filter(() => {
    if (budget.isSpent(spentMs)) return false
    spentMs += eachMs
    return true
  }).length
}

test("of a crowd as many are let in as there is time for, and of the next turn's as many again", () => {
  const budget = new TurnBudget(100)
  expect(letIn(budget, 640, 2)).toBe(50)
  budget.begin()
  expect(letIn(budget, 640, 2)).toBe(50)
})

test("a pause among them, however long, costs nobody the answer", () => {
  const budget = new TurnBudget(100)
  const after = [0, 1, 60_000, 60_001, 60_002, 120_000, 120_001]
  expect(after.map((nowMs) => budget.isSpent(nowMs))).not.toContain(true)
})

test("whatever they take, some are let in, and not for much longer than there is time", () => {
  const eachMs = fc.double({ min: 0.001, max: 50, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), eachMs, (targetMs, each) => {
      const many = letIn(new TurnBudget(targetMs), 2_000, each)
      expect(many).toBeGreaterThan(0)
      expect((many - 1) * Math.min(each, targetMs / 4)).toBeLessThanOrEqual(targetMs + 1e-6)
    }),
    { numRuns: 200 },
  )
})
