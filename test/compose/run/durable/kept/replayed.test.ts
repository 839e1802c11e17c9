import { expect, test } from "vitest"
import { setting } from "../../../../support/durable-setting.ts"
import { ran, saga, step } from "../../../../support/sagas.ts"

/*
 * What durable runs promise, while all that is in memory is thrown away after every outcome and folded again from the
 * journal.
 */

setting.isReplaying = true
test("in memory is nothing that the next step needs", async () => {
  const { world } = await ran(saga([step("a"), step("b"), step("c")]))
  expect(world.called).toEqual(["a", "b", "c"])
  expect(world.incarnations).toBe(3)
})

await import("../sagas.test.ts")
await import("../going-back.test.ts")
await import("../approvals.test.ts")
