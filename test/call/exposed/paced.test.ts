import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Paced } from "../../../src/call/exposed/paced.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test("what is wanted a thousand times a second is done once in a while, at once for the first and after the last", () => {
  const act = vi.fn()
  const paced = new Paced(1_000, act)
  paced.want()
  expect(act).toHaveBeenCalledTimes(1)
  for (let ms = 0; ms < 2_500; ms++) {
    paced.want()
    vi.advanceTimersByTime(1)
  }
  expect(act).toHaveBeenCalledTimes(3)
  vi.advanceTimersByTime(1_000)
  expect(act).toHaveBeenCalledTimes(4)
  vi.advanceTimersByTime(60_000)
  expect(act).toHaveBeenCalledTimes(4)
  paced.want()
  expect(act).toHaveBeenCalledTimes(5)
})
