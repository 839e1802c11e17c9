import type { BackendRequest } from "../../src/call/backends.ts"
import type { Caller } from "../../src/call/caller.ts"
import type { Capabilities } from "../../src/call/interaction/capabilities.ts"
import { type Asked, Question } from "../../src/call/interaction/question.ts"
import type { JsonObject } from "../../src/schema/json.ts"

export const callerOf = (principal: string): Caller => ({
  name: principal,
  version: "1",
  agent: undefined,
  trust: "asserted",
  by: [],
  scopes: [],
  claims: {},
  challenge: false,
  remote: "127.0.0.1",
  warnings: [],
  principal,
})

/** What a caller was asked, and what its requests carry. */
export interface TestPeer {
  readonly asked: Asked[]
  readonly request: Pick<BackendRequest, "caller" | "session" | "peer">
}

const saying = (name: string): JsonObject => ({ said: name })

/** A caller that can be asked for completions, and answers each question with its own name. */
export function peerOf(
  name: string,
  session?: string,
  capabilities: Capabilities = { sampling: {} },
  answer: (name: string) => JsonObject = saying,
): TestPeer {
  const asked: Asked[] = []
  const peer = {
    capabilities,
    ask(one: Asked) {
      asked.push(one)
      const question = new Question(one, { waitMs: 1_000, untilMs: Number.POSITIVE_INFINITY })
      question.settle({ kind: "result", result: answer(name) })
      return question
    },
  }
  return { asked, request: { caller: callerOf(name), session, peer } }
}
