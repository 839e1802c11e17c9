import { expect, test } from "vitest"
import { IdleRuns } from "../../../src/call/composition/durable/idle-runs.ts"

const seen = (id: string) => ({ id, epoch: 1, status: "waiting" }) as const

const whose = { tool: "order", principal: {} }

/** `a` waits until 10, `b` until 20, and so on. */
function waiting(...ids: readonly string[]): IdleRuns {
  const idle = new IdleRuns()
  for (const [index, id] of ids.entries()) idle.wait(seen(id), whose, 10 * (index + 1))
  return idle
}

test("what was left is due at once, and what waits when its time is up, until somebody goes on with it", () => {
  const idle = waiting("a", "b", "c")
  expect(idle.due(9)).toEqual([])
  idle.leave("c")
  expect(idle.due(9)).toEqual(["c"])
  expect(idle.due(10)).toEqual(["c", "a"])
  expect(idle.due(11)).toEqual(["c", "a"])
  idle.forget("a")
  idle.wait(seen("c"), whose, 30)
  expect([idle.isWaiting("a", 11), idle.isWaiting("b", 11), idle.isWaiting("b", 20)]).toEqual([
    ...[false, true, false],
  ])
  expect(idle.due(19)).toEqual([])
  expect(idle.due(25)).toEqual(["b"])
})

test("what could not be gone on with comes after what was left since; what waits again is not left", () => {
  const idle = waiting()
  for (const id of ["a", "b", "a"]) idle.leave(id)
  expect(idle.due(0)).toEqual(["b", "a"])
  idle.wait(seen("a"), whose, 10)
  idle.leaveNew("a")
  idle.leaveNew("c")
  expect(idle.due(0)).toEqual(["b", "c"])
})

test("those that wait are looked at some at a time, all in turn, while others come and go", () => {
  const idle = waiting("a", "b", "c", "d", "e")
  const some = () => idle.some(2).map(({ id }) => id)
  expect(some()).toEqual(["a", "b"])
  idle.forget("c")
  expect(some()).toEqual(["d", "e"])
  idle.wait(seen("f"), whose, 60)
  expect(some()).toEqual(["f"])
  expect(some()).toEqual(["a", "b"])
  expect(waiting().some(2)).toEqual([])
})
