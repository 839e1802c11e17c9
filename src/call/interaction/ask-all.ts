import type { JsonObject } from "../../schema/json.ts"
import type { BackendRequest } from "../backends.ts"
import { ok, type Result, refuse } from "../refusal.ts"
import { answerFault } from "./answer-fault.ts"
import type { QuestionAnswer } from "./question.ts"
import { canBeAsked, type RoundQuestion } from "./round-result.ts"

/**
 * Asks the caller of a request several questions at once and waits for all answers, by key. Where one cannot be had the
 * others are useless, and are withdrawn. Never rejects.
 */
export async function askAll(
  { cancellation, peer, subject }: Pick<BackendRequest, "cancellation" | "peer" | "subject">,
  asked: readonly RoundQuestion[],
): Promise<Result<JsonObject>> {
  const unanswered = (words: string) => refuse({ code: "unanswered", subject, words })
  const cannot = asked.find((one) => !canBeAsked(peer?.capabilities ?? {}, one))
  if (peer === undefined || cannot !== undefined)
    return unanswered(`its client cannot be asked ${cannot ? kindOf(cannot) : "anything"}`)
  const questions = asked.map((one) => ({ one, question: peer.ask(one) }))
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
      withdraw()
    }
  })
  await Promise.all(settled)
  cancellation?.release()
  if (cancellation?.isCancelled)
    return refuse({ code: "cancelled", reason: "cancelled by the caller" })
  return missing === undefined ? ok(responses) : unanswered(missing)
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
