import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import { setImmediate as turn } from "node:timers/promises"
import { expect, test } from "vitest"
import { crowd } from "../../../../bench/load.ts"
import { Overload } from "../../../../src/mcp/face/load/overload.ts"
import { fakeGateway } from "../../../support/face-gateway.ts"
import { as, ask, both, faceServer, json, modern } from "../../../support/face-server.ts"

const sketch = { tools: { "echo@1": {} }, agents: { "reader@1": ["echo@1"] } }

/** Works until it is told that it is enough, and lets the loop turn only now and then. */
async function work(isEnough: () => boolean): Promise<void> {
  while (!isEnough()) {
    const until = performance.now() + 80
    while (performance.now() < until);
    await turn()
  }
}

test("a face that has more work than time turns requests away until it has time again", async () => {
  const { face, port, events } = await faceServer(fakeGateway(sketch), {
    limits: { loopDelayMs: 5 },
  })
  const call = () => ask(port, "reader@1", "tools/call", { name: "echo" })
  let turnedAway = false
  const working = work(() => turnedAway)
  await work(() => face.stats().shedding > 0.5)
  let answer = await call()
  while (answer.status === 200) answer = await call()
  turnedAway = true
  await working
  expect(answer.status).toBe(503)
  expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1)
  expect(json(answer)).toMatchObject({
    error: {
      code: 503,
      message: "busy",
      data: { "dev.postern/refusal": { code: "overloaded", retryAfterMs: expect.any(Number) } },
    },
  })
  expect(face.stats().shed).toBeGreaterThan(0)
  while (face.stats().shedding > 0) await turn()
  expect((await call()).status).toBe(200)
  expect(events.map(({ event }) => event)).toEqual(["overload_began", "overload_ended"])
})

test("of a crowd that comes at once, before anybody could look, those are turned away for whom there is no time", async () => {
  const digest = () => {
    const until = performance.now() + 5
    while (performance.now() < until);
    return undefined
  }
  const gateway = { ...fakeGateway(sketch), digest }
  const { face, port, events } = await faceServer(gateway, { limits: { loopDelayMs: 40 } })
  const { message, headers } = modern("tools/call", { name: "echo", arguments: {} })
  const target = {
    ...{ port, path: "/mcp", body: JSON.stringify(message) },
    headers: { ...as("reader@1"), ...headers, "content-type": "application/json", accept: both },
  }
  const together = Promise.withResolvers<void>()
  const connections = 100
  let accepted = 0
  const good: boolean[] = []
  await crowd(target, {
    connections,
    accepted() {
      if (++accepted === connections) together.resolve()
      return together.promise
    },
    isOver: () => true,
    answered: (_, isGood) => good.push(isGood),
  })
  expect(good).toHaveLength(connections)
  expect(good).toContain(true)
  expect(good.filter((one) => !one)).toHaveLength(face.stats().shed)
  expect(face.stats().shed).toBeGreaterThan(0)
  while (face.stats().shedding > 0) await turn()
  expect(events.map(({ event }) => event)).toEqual(["overload_began", "overload_ended"])
})

test("one request in each of several late turns is no crowd", async () => {
  const overload = new Overload(40, () => {})
  const judged: boolean[] = []
  for (let nth = 0; nth < 8; nth++) {
    const until = performance.now() + 60 // longer than it takes until the loop is looked at again
    while (performance.now() < until);
    judged.push(overload.isTooLate(new ServerResponse(new IncomingMessage(new Socket()))))
    await turn()
  }
  overload.close()
  expect(judged).not.toContain(true)
})
