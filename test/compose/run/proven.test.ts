import { expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { reading, World } from "../../support/composition-world.ts"
import { call, planOf } from "../../support/plans.ts"

const text = { type: "object", properties: { t: { type: "string" } }, required: ["t"] }
const tools = {
  a: { ...reading, inputSchema: text, outputSchema: text },
  b: { ...reading, inputSchema: text },
}
const answers = { a: { value: { t: "x" } }, b: { value: {} } }

const planWith = (more: JsonObject = {}, b: JsonObject = {}) =>
  planOf(
    {
      inputSchema: text,
      spec: {
        pipeline: {
          steps: [
            { id: "a", operation: call("a"), input: { path: "$" }, ...more },
            { id: "b", operation: call("b"), input: { reference: { step: "a" } }, ...b },
          ],
        },
      },
    },
    { tools },
  )

const provenIn = (world: World) =>
  world.seen.map(({ tool, call: { isProven } }) => [tool, isProven])
const input = { t: "" }

test("what is proved of an input is said with the call, where the run's values are held to their schemas", async () => {
  const world = new World(answers)
  await world.run(planWith(), input, { isChecked: true })
  expect(provenIn(world)).toEqual([
    ["a", true],
    ["b", true],
  ])
})

test("nothing is said of a proof where values may break their schemas", async () => {
  const world = new World(answers)
  await world.run(planWith(), input)
  expect(provenIn(world)).toEqual([
    ["a", false],
    ["b", false],
  ])
})

test("a value from the cache was not checked in this run, so nothing after it rests on proofs", async () => {
  const world = new World(answers)
  const plan = planWith({ cache: { ttlMs: 60_000 } })
  await world.run(plan, input, { isChecked: true })
  await world.run(plan, input, { isChecked: true })
  expect(provenIn(world)).toEqual([
    ["a", true],
    ["b", true],
    ["b", false],
  ])
})

test("the proof of a step's input is none of its fallback's", async () => {
  const world = new World({ a: { fail: { class: "tool" } }, b: { value: { t: "" } } })
  const fallback = { onError: { run: call("b"), input: { constant: { t: "y" } } } }
  await world.run(planWith(fallback), input, { isChecked: true })
  expect(provenIn(world).slice(0, 2)).toEqual([
    ["a", true],
    ["b", false],
  ])
})

test("a step whose input may not fit is not marked", async () => {
  const world = new World(answers)
  const open = {
    input: { construct: { fields: { t: { reference: { step: "a", path: "$.u" } } } } },
  }
  await world.run(planWith({}, open), input, { isChecked: true })
  expect(provenIn(world)).toEqual([
    ["a", true],
    ["b", false],
  ])
})
