import { expect, test } from "vitest"
import { tasksExtension } from "../../../src/call/interaction/capabilities.ts"
import { followTask } from "../../../src/call/tasks/follow-task.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { evidence } from "../../support/evidence.ts"
import { eventually } from "../../support/face-stream.ts"
import { done, sketchGateway } from "../../support/gateway.ts"

const agents = { "a@1": ["job@1"], "b@1": ["job@1"] }
const catalog = sketchCatalog({ agents, tools: { "job@1": {} } })
const withoutJob = sketchCatalog({ agents: { "a@1": [] }, tools: { "job@1": {} } })

/** A task of agent `a`, which its server says is so, one after the other and the last again. */
async function world(...states: readonly JsonObject[]) {
  let current = catalog
  const left = [...states]
  const said: unknown[] = []
  const { gateway, records, requests } = sketchGateway(catalog, {
    gateway: { catalog: () => current },
    backend: () => {
      const state = (left.length > 1 ? left.shift() : left[0]) ?? {}
      return done({ resultType: "complete", taskId: "own", pollIntervalMs: 1, ...state })
    },
  })
  const shown = (agentName: string) => evidence({ agentName, agentVersion: "1" })
  const caller = await gateway.identify(shown("a"), catalog)
  if (!caller.ok) throw new Error("nobody knows it")
  const taskId = gateway.interactions.taskIds.seal({
    principal: caller.value.principal,
    tool: "job",
    server: "server@1.0.0",
    id: "own",
    era: "modern",
    capabilities: undefined,
    session: undefined,
  })
  const follow = (agent = "a") =>
    followTask(
      {
        era: "modern",
        evidence: shown(agent),
        trace: undefined,
        taskId,
        meta: undefined,
        onNotification: undefined,
        respondent: {
          kind: "rounds",
          capabilities: { extensions: { [tasksExtension]: {} } },
          responses: undefined,
          state: undefined,
        },
        tell: ({ taskId: id, status }) => void said.push([id === taskId, status]),
      },
      gateway,
    )
  const reload = () => {
    current = withoutJob
  }
  return { follow, records, reload, requests, said }
}

test("a task is told of when it is another thing, until it is over, with one record", async () => {
  const { follow, records, requests, said } = await world(
    { status: "working" },
    { status: "working" },
    { status: "working", statusMessage: "half" },
    { status: "completed", result: { content: [] } },
  )
  expect(await follow().agreed).toBe(true)
  await eventually(() => said).toEqual([
    [true, "working"],
    [true, "working"],
    [true, "completed"],
  ])
  expect(requests).toHaveLength(4)
  expect(records).toHaveLength(1)
})

test("nobody else is told of it, and its server is not asked", async () => {
  const { follow, requests, said } = await world({ status: "working" })
  expect(await follow("b").agreed).toBe(false)
  expect([requests.length, said.length]).toEqual([0, 0])
})

test("it is told of no more when its caller may not use its tool any more", async () => {
  const { follow, reload, requests, said } = await world(
    { status: "working" },
    { status: "completed", result: { content: [] } },
  )
  expect(await follow().agreed).toBe(true)
  reload()
  const again = await world({ status: "working" }) // meanwhile another one is looked at several times
  const following = again.follow()
  await eventually(() => again.requests.length).toBeGreaterThan(2)
  following.end()
  expect([requests.length, said]).toEqual([1, [[true, "working"]]])
})
