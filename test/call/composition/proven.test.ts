import { expect, test } from "vitest"
import {
  composed,
  fields,
  pipeline,
  reading,
  step,
  textIn,
  value,
  valueIn,
} from "../../support/composed.ts"

const text = { type: "object", properties: { t: { type: "string" } }, required: ["t"] }

/** `find` promises what `keep` takes; its backend may lie. */
const world = (found: string | number, outputValidation: "deny" | "warn") =>
  composed({
    tools: {
      find: { ...reading, inputSchema: text, outputSchema: text },
      keep: { ...reading, inputSchema: text },
    },
    compositions: {
      c: {
        spec: pipeline(
          step("find", { input: { constant: { t: "q" } } }),
          step("keep", { input: fields({ t: { reference: { step: "find", path: "$.t" } } }) }),
        ),
      },
    },
    levels: { outputValidation },
    backend: ({ name }) => value(name === "find" ? { t: found } : { kept: true }),
  })

test("an input that is proved goes through, where every result is held to its schema", async () => {
  const { call, requests } = world("x", "deny")
  expect(valueIn(await call("c"))).toEqual({ kept: true })
  expect(requests.map(({ name }) => name)).toEqual(["find", "keep"])
})

test("a proof is worth nothing where results may break their schemas: the input is checked", async () => {
  const { call, requests } = world(1, "warn")
  expect(textIn(await call("c"))).toContain("/t: expected string [input]")
  expect(requests.map(({ name }) => name)).toEqual(["find"])
})

test("a result that breaks its schema never comes to where a proof rests on it", async () => {
  const { call, requests } = world(1, "deny")
  expect(textIn(await call("c"))).toContain("[output]")
  expect(requests.map(({ name }) => name)).toEqual(["find"])
})
