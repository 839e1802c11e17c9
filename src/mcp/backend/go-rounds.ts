import { setTimeout as sleep } from "node:timers/promises"
import { type BackendReply, type BackendRequest, refused } from "../../call/backends.ts"
import { askAll } from "../../call/interaction/ask-all.ts"
import type { Rounds } from "../../call/interaction/peer.ts"
import {
  type AskingReply,
  isAsking,
  type Round,
  readRound,
} from "../../call/interaction/round-result.ts"
import type { Refusal } from "../../call/refusal.ts"

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
    if ("code" in next) return refused(next)
    reply = await send({ ...request, rounds: next })
  }
  return reply
}

/** Asks, waits for every answer, and says with what the request goes another round. */
async function nextRound(
  request: BackendRequest,
  { questions, state }: Round,
): Promise<Rounds | Refusal> {
  if (request.cancellation?.isCancelled) return cancelled
  if (questions.length === 0) {
    await sleep(pauseMs)
    return request.cancellation?.isCancelled ? cancelled : { responses: undefined, state }
  }
  const answers = await askAll(request, questions)
  return answers.ok ? { responses: answers.value, state } : answers.refusal
}

const cancelled: Refusal = { code: "cancelled", reason: "cancelled by the caller" }
const broken = ({ subject }: BackendRequest, reason: string): BackendReply =>
  refused({ code: "backend_error", subject, reason: `the server's questions: ${reason}` })
