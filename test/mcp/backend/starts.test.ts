import { describe, expect, test } from "vitest"
import { Starts } from "../../../src/mcp/backend/starts.ts"

const longMs = 60_000

/** Asks for a turn; says whether it has come. */
function waiting(starts: Starts) {
  const state = { hasTurn: false, end: (): void => undefined }
  const turn = starts.turn().then((end) => {
    state.hasTurn = true
    state.end = end
  })
  return { state, turn }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe("processes that start", () => {
  test("are as many at once as there may be, and the others follow in their order", async () => {
    const starts = new Starts(2, longMs)
    const all = Array.from({ length: 4 }, () => waiting(starts))
    const begun = () => all.map(({ state }) => state.hasTurn)
    await settled()
    expect(begun()).toEqual([true, true, false, false])
    all[1]?.state.end()
    all[1]?.state.end() // a turn ends once
    await settled()
    expect(begun()).toEqual([true, true, true, false])
    all[0]?.state.end()
    await settled()
    expect(begun()).toEqual([true, true, true, true])
    for (const { state } of all) state.end()
  })

  test("lose their turn, not their life, when they take too long", async () => {
    const starts = new Starts(1, 1)
    await waiting(starts).turn // and never ends it
    const next = waiting(starts)
    await next.turn
    expect(next.state.hasTurn).toBe(true)
  })
})
