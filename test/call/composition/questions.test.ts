import { describe, expect, test } from "vitest"
import type { LiveRespondent, RoundsRespondent } from "../../../src/call/interaction/peer.ts"
import type { Question } from "../../../src/call/interaction/question.ts"
import { isObject } from "../../../src/schema/json.ts"
import { composed, pipeline, reading, step, value, valueIn } from "../../support/composed.ts"

const form = { method: "elicitation/create", params: { mode: "form", message: "Who?" } }
const capabilities = { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }

/** Two steps whose server asks before it answers. */
const world = () =>
  composed({
    tools: { first: reading, second: reading },
    compositions: { both: pipeline(step("first"), step("second")) },
    backend: async ({ name, peer }) => {
      const answer = await peer?.ask(form).answer
      return value({
        name: name ?? "",
        said: answer?.kind === "result" ? answer.result : "nothing",
      })
    },
  })

describe("a composition whose steps ask", () => {
  test("asks the caller of the whole, and says in which step", async () => {
    const asked: Question[] = []
    const respondent: LiveRespondent = {
      kind: "live",
      session: "s-1",
      capabilities: { elicitation: {} },
      put(question) {
        asked.push(question)
        question.settle({ kind: "result", result: { action: "accept", n: asked.length } })
      },
    }
    const { call, records } = world()
    const answer = await call("both", {}, { respondent })
    expect(valueIn(answer)).toEqual({ name: "second", said: { action: "accept", n: 2 } })
    expect(asked.map(({ asked: { key } }) => key)).toEqual(["first/q1", "second/q1"])
    expect(
      records.filter(({ kind }) => kind === "step").map(({ note }) => note?.["asked"]),
    ).toEqual([["elicitation/create"], ["elicitation/create"]])
  })

  test("is held for a caller that is asked by a result, round after round", async () => {
    const { call, requests } = world()
    let respondent: RoundsRespondent = {
      kind: "rounds",
      capabilities,
      responses: undefined,
      state: undefined,
    }
    for (const stepName of ["first", "second"]) {
      const answer = await call("both", {}, { respondent })
      const result = answer.kind === "result" ? answer.result : {}
      const { inputRequests, requestState } = result
      const key = `${stepName}/q1`
      expect(isObject(inputRequests) && Object.keys(inputRequests)).toEqual([key])
      const responses = { [key]: { action: "accept" } }
      respondent = { kind: "rounds", capabilities, responses, state: String(requestState) }
    }
    const answer = await call("both", {}, { respondent })
    expect(valueIn(answer)).toEqual({ name: "second", said: { action: "accept" } })
    expect(requests.map(({ name }) => name)).toEqual(["first", "second"]) // each once
    for (const { peer } of requests) expect(peer?.capabilities).toEqual({ elicitation: {} })
  })

  test("has nobody to ask where the caller can be asked nothing", async () => {
    const { call } = world()
    const answer = await call("both", {}, { respondent: { kind: "mute", session: "s-1" } })
    expect(valueIn(answer)).toEqual({ name: "second", said: "nothing" })
  })
})
