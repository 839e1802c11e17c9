import { expect, test } from "vitest"
import { type Asked, Question } from "../../../src/call/interaction/question.ts"
import { OpenQuestions } from "../../../src/mcp/backend/open-questions.ts"

test("a question whose id the server uses again is over, and the other one has its own answer", async () => {
  const asked: Question[] = []
  const ask = (one: Asked) => {
    const question = new Question(one, { waitMs: 60_000, untilMs: Number.POSITIVE_INFINITY })
    asked.push(question)
    return question
  }
  const none = Promise.withResolvers<void>()
  const questions = new OpenQuestions({ capabilities: { roots: {} }, ask }, none.resolve)
  const told: unknown[] = []
  const request = { jsonrpc: "2.0", id: 1, method: "roots/list" }
  for (const id of [1, 1, "1"])
    questions.ask({ ...request, id }, (text) => told.push(JSON.parse(text)))
  expect(asked.map(({ isOver }) => isOver)).toEqual([true, false, false])
  asked[1]?.settle({ kind: "result", result: { roots: [] } })
  questions.cancelAll()
  await none.promise
  expect(asked.every(({ isOver }) => isOver)).toBe(true)
  expect(told).toMatchObject([
    { id: 1, result: { roots: [] } },
    { id: "1", error: {} },
  ])
})
