import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Gate, type Guest } from "../../../src/mcp/backend/gate.ts"

/** A gate, what entered it, and what was turned away, as `party number`. */
function openGate(places: number, queue: number) {
  const gate = new Gate(places, queue)
  const entered: string[] = []
  const turnedAway: string[] = []
  const come = (party: string, number: number) => {
    const name = `${party}${number}`
    const guest: Guest = {
      party,
      enter: () => void entered.push(name),
      turnAway() {
        gate.forsake(guest)
        turnedAway.push(name)
      },
    }
    if (!gate.admit(guest)) turnedAway.push(name)
    return guest
  }
  const many = (party: string, count: number) =>
    Array.from({ length: count }, (_, number) => come(party, number))
  return { gate, entered, turnedAway, come, many }
}

describe("the queue of a server", () => {
  test("lets parties take turns, each in the order in which it came", () => {
    const { gate, entered, many } = openGate(1, 10)
    for (const [party, count] of Object.entries({ a: 4, b: 2, c: 1 })) many(party, count)
    for (let n = 0; n < 6; n++) gate.leave()
    expect(entered).toEqual(["a0", "a1", "b0", "c0", "a2", "b1", "a3"])
  })

  test("is a single party's as a whole, until another comes", () => {
    const { gate, entered, turnedAway, come, many } = openGate(1, 4)
    many("a", 6)
    expect(turnedAway).toEqual(["a5"])
    expect(gate.queued).toBe(4)
    come("b", 0)
    come("b", 1)
    come("b", 2)
    expect(turnedAway).toEqual(["a5", "a4", "a3", "b2"]) // both have two now
    expect(gate.queued).toBe(4)
    for (let n = 0; n < 4; n++) gate.leave()
    expect(entered).toEqual(["a0", "a1", "b0", "a2", "b1"])
  })

  test("forgets who gives up, and without a queue there is none", () => {
    const { gate, entered, many } = openGate(1, 3)
    const [first, second, third] = many("a", 3) as [Guest, Guest, Guest]
    expect([gate.forsake(second), gate.forsake(second), gate.forsake(first)]).toEqual([
      true,
      false,
      false,
    ])
    gate.leave()
    expect(entered).toEqual(["a0", "a2"])
    expect([gate.queued, gate.taken, gate.forsake(third)]).toEqual([0, 1, false])
    const none = openGate(1, 0)
    none.many("a", 2)
    expect(none.turnedAway).toEqual(["a1"])
  })

  test("never has more in it than it may, and everybody enters or is turned away, once", () => {
    const step = fc.constantFrom("a", "b", "c", "leave")
    fc.assert(
      fc.property(fc.array(step), fc.nat(3), (steps, queueMax) => {
        const { gate, entered, turnedAway, come } = openGate(2, queueMax)
        let came = 0
        for (const one of steps) {
          if (one !== "leave") come(one, came++)
          else if (gate.taken > 0) gate.leave()
          expect(gate.queued).toBeLessThanOrEqual(queueMax)
          expect(gate.queued === 0 || gate.taken === 2).toBe(true)
        }
        while (gate.taken > 0) gate.leave()
        const all = [...entered, ...turnedAway]
        expect(new Set(all).size).toBe(came)
        expect(all).toHaveLength(came)
      }),
    )
  })
})
