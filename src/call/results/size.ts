import { type BackendReply, refused } from "../backends.ts"

/**
 * A tool's answer, if it is no larger than its results may be. Otherwise it is withheld, and nothing looks through it.
 */
export function withinSize(
  answer: BackendReply,
  tool: string,
  bytesMax: number | undefined,
): BackendReply {
  if (bytesMax === undefined || answer.kind === "refusal") return answer
  const bytes = Buffer.byteLength(
    JSON.stringify(answer.kind === "result" ? answer.result : answer.error),
  )
  if (bytes <= bytesMax) return answer
  const words = `it has ${bytes} bytes, and may have ${bytesMax}: ask for less`
  return refused({ code: "withheld_output", tool, words, reason: `${words} (results.size)` })
}
