import { setTimeout as sleep } from "node:timers/promises"
import type { BackendReply, BackendRequest } from "../../call/backends.ts"
import { answerFault } from "../../call/interaction/answer-fault.ts"
import type { Rounds } from "../../call/interaction/peer.ts"
import type { QuestionAnswer } from "../../call/interaction/question.ts"
import {
  type AskingReply,
  canBeAsked,
  isAsking,
  type Round,
  type RoundQuestion,
  readRound,
} from "../../call/interaction/round-result.ts"
import type { Refusal } from "../../call/refusal.ts"
import type { JsonObject } from "../../schema/json.ts"

/** As many rounds, and as long a pause before one in which nobody is asked, as the official SDK has. */
const roundsMax = 8
const pauseMs = 250

/**
 * Answers a modern server's questions for a caller that answers while its request is open (MRTR, MCP 2026-07-28): all
 * questions of a round at once, then the request again with the answers and the server's own state, until a result is
 * final. Never rejects.
 */
export async function goRounds(
  request: BackendRequest,
  first: AskingReply,
  send: (request: BackendRequest) => Promise<BackendReply>,
): Promise<BackendReply> {
  let reply: BackendReply = first
  for (let round = 1; isAsking(reply); round++) {
    if (round > roundsMax) return broken(request, `it asked in more than ${roundsMax} rounds`)
    const asked = readRound(reply)
    if (typeof asked === "string") return broken(request, asked)
    const next = await nextRound(request, asked)
    if ("code" in next) return { kind: "refusal", refusal: next }
    reply = await send({ ...request, rounds: next })
  }
  return reply
}

/** Asks, waits for every answer, and says with what the request goes another round. */
async function nextRound(
  { cancellation, peer, subject }: BackendRequest,
  { questions: asked, state }: Round,
): Promise<Rounds | Refusal> {
  if (cancellation?.isCancelled) return cancelled
  const cannot = asked.find((one) => !canBeAsked(peer?.capabilities ?? {}, one))
  if (cannot !== undefined)
    return unanswered(subject, `its client cannot be asked ${kindOf(cannot)}`)
  const questions = asked.flatMap((one) =>
    peer === undefined ? [] : { one, question: peer.ask(one) },
  )
  const withdraw = () => {
    for (const { question } of questions) question.withdraw("the request is over")
  }
  cancellation?.listen({ cancelled: withdraw })
  let missing: string | undefined
  const responses: Record<string, JsonObject> = Object.create(null)
  const settled = questions.map(async ({ one, question }) => {
    const result = resultOf(one, await question.answer)
    if (typeof result !== "string") responses[one.key] = result
    else {
      missing ??= result
      withdraw() // without this answer the others are of no use
    }
  })
  await (settled.length === 0 ? sleep(pauseMs) : Promise.all(settled))
  cancellation?.release()
  if (cancellation?.isCancelled) return cancelled
  if (missing !== undefined) return unanswered(subject, missing)
  return { responses: settled.length === 0 ? undefined : responses, state }
}

/** What was answered; in words why it cannot be used. */
function resultOf(asked: RoundQuestion, answer: QuestionAnswer): JsonObject | string {
  if (answer.kind === "unanswered") return answer.reason
  if (answer.kind === "error") return `its client refused ${kindOf(asked)}: ${answer.error.message}`
  const fault = answerFault(asked.method, answer.result)
  return fault === undefined
    ? answer.result
    : `the answer to ${kindOf(asked)} is malformed: ${fault}`
}

const kindOf = ({ method, params }: RoundQuestion): string =>
  params?.["mode"] === "url" ? `${method} (url)` : method

const cancelled: Refusal = { code: "cancelled", reason: "cancelled by the caller" }
const unanswered = (subject: string, words: string): Refusal => ({
  code: "unanswered",
  subject,
  words,
})
const broken = ({ subject }: BackendRequest, reason: string): BackendReply => ({
  kind: "refusal",
  refusal: { code: "backend_error", subject, reason: `the server's questions: ${reason}` },
})
