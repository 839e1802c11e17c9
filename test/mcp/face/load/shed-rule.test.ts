import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Look, ShedRule, shareMax } from "../../../../src/mcp/face/load/shed-rule.ts"

const late: Look = { lateMs: 300, busy: 1 }
const fine: Look = { lateMs: 0, busy: 0.5 }

function ruleAfter(...looks: readonly Look[]): ShedRule {
  const rule = new ShedRule(100)
  for (const look of looks) rule.note(look)
  return rule
}
const times = (count: number, look: Look): Look[] => Array.from({ length: count }, () => look)

describe("what is turned away", () => {
  test("is nothing after one pause, however long, or some of them", () => {
    expect(ruleAfter({ lateMs: 60_000, busy: 1 }).share).toBe(0)
    expect(ruleAfter(...times(3, late), fine, ...times(3, late)).share).toBe(0)
  })

  test("is nothing where the loop is late without having work: the machine is busy with something else", () => {
    expect(ruleAfter(...times(50, { lateMs: 300, busy: 0.4 })).share).toBe(0)
  })

  test("is more the longer the loop is late, never all, and nothing again when it is over", () => {
    const shares = [4, 5, 8, 100].map((count) => ruleAfter(...times(count, late)).share)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares[0]).toBeGreaterThan(0)
    expect(shares.at(-1)).toBe(shareMax)
    expect(ruleAfter(...times(100, late), ...times(10, fine)).share).toBe(0)
  })

  test("is spread evenly, and exactly the share of all", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 20 }),
        fc.integer({ min: 1, max: 500 }),
        (looks, asked) => {
          const rule = ruleAfter(...times(looks, late))
          const away = Array.from({ length: asked }, () => rule.turnsAway()).filter(Boolean).length
          expect(Math.abs(away - asked * rule.share)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  test("stays between nothing and the most, whatever happens", () => {
    const look = fc.record({ lateMs: fc.nat(10_000), busy: fc.double({ min: 0, max: 1 }) })
    fc.assert(
      fc.property(fc.array(look), (looks) => {
        const { share } = ruleAfter(...looks)
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(shareMax)
      }),
    )
  })
})
