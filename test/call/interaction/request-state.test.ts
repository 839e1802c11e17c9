import { expect, test } from "vitest"
import { RequestStates } from "../../../src/call/interaction/request-state.ts"
import { TaskIds } from "../../../src/call/interaction/task-ids.ts"
import { createSeal } from "../../../src/mcp/face/seal.ts"
import { sessionKey } from "../../support/face-server.ts"

test("where a state leads is not told when it has expired, and never of what is none", () => {
  const clock = { now: 1_000 }
  const sealer = createSeal([sessionKey], "request states")
  const states = new RequestStates(sealer, () => clock.now)
  const state = { kind: "held", replica: "r http://10.0.0.9/mcp", hold: "h", round: 0 } as const
  const sealed = states.seal(state, { principal: "p", method: "tools/call", about: {} }, 500)
  expect(states.peek(sealed)).toEqual(state)
  clock.now += 500
  expect(states.peek(sealed)).toBeUndefined()
  const place = { principal: "p", tool: "held", server: "s http://10.0.0.9", id: "t" }
  const taskId = new TaskIds(sealer).seal({
    ...place,
    era: "legacy",
    capabilities: undefined,
    session: undefined,
  })
  expect(states.peek(taskId)).toBeUndefined()
})
