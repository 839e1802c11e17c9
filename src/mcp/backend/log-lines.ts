import type { Readable } from "node:stream"
import { LineReader } from "./stdio/lines.ts"

const windowMs = 10_000
const linesPerWindow = 100
const lineBytesMax = 64 * 1024
const shownMax = 2_000

/** Lets a few things through per window and counts the rest, so that a chatty server does not fill the log. */
export class RateLimit {
  #left = linesPerWindow
  #untilMs = 0
  suppressed = 0

  allows(): boolean {
    const now = performance.now()
    if (now >= this.#untilMs) {
      this.#untilMs = now + windowMs
      this.#left = linesPerWindow
    }
    if (this.#left > 0) {
      this.#left--
      return true
    }
    this.suppressed++
    return false
  }
}

/** Hands the lines of a child's output to a log, shortened and not more often than the limit allows. */
export function logLines(
  stream: Readable,
  limit: RateLimit,
  write: (line: string, suppressed: number) => void,
): void {
  const reader = new LineReader(lineBytesMax, {
    line: (text) => {
      if (!limit.allows()) return
      const { suppressed } = limit
      limit.suppressed = 0
      write(shown(text), suppressed)
    },
    overlong: (head) => {
      if (limit.allows()) write(`${shown(head)}…`, 0)
    },
  })
  stream.on("data", (chunk: Buffer) => reader.push(chunk))
  stream.on("end", () => reader.end())
}

/** One line without control characters, which could rewrite a terminal or fake a second line. */
export const shown = (text: string): string =>
  text.slice(0, shownMax).replaceAll(/[\p{Cc}\u2028\u2029]/gu, "\ufffd")
