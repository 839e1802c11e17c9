import { isUtf8 } from "node:buffer"
import type { IncomingMessage } from "node:http"

import { parseExact } from "../../schema/parse-exact.ts"
import { codes, type Fail, fail } from "./errors.ts"

/** The whole body; "too_large" when it passes `bytesMax`, chunked or not; "gone" when the sender left in the middle. */
export function readBody(
  incoming: IncomingMessage,
  bytesMax: number,
): Promise<Buffer | "too_large" | "gone"> {
  return new Promise((resolve) => {
    let first: Buffer | undefined
    let more: Buffer[] | undefined
    let bytes = 0
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bytesMax) resolve("too_large")
      else if (first === undefined) first = chunk
      else if (more === undefined) more = [first, chunk]
      else more.push(chunk)
    })
    incoming.on("end", () =>
      resolve(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more)),
    )
    incoming.on("error", () => resolve("gone"))
    incoming.on("close", () => resolve("gone"))
  })
}

export type Parsed =
  | { readonly ok: true; readonly value: unknown; readonly exact: unknown }
  | { readonly ok: false; readonly fail: Fail }

/**
 * A body as JSON, once it is known to be harmless: deep nesting would break every later printer, `__proto__` and lone
 * surrogates are data that two readers understand differently.
 */
export function parseBody(bytes: Buffer, depthMax: number, nodesMax: number): Parsed {
  if (!isUtf8(bytes)) return refuse(codes.parseError, "Parse error: the body is not UTF-8")
  const text = bytes.toString("utf8")
  const excess = excessOf(text, depthMax, nodesMax)
  if (excess !== undefined) return refuse(codes.invalidRequest, `Invalid request: ${excess}`)
  let parsed: { value: unknown; exact: unknown }
  try {
    parsed = parseExact(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return refuse(codes.parseError, "Parse error: the body is not JSON")
  }
  // Only an escape can smuggle either in, and only the plain word can be written without one.
  if (text.includes("\\u") || text.includes("__proto__")) {
    const found = hostilePart(parsed.value)
    if (found !== undefined) return refuse(codes.invalidRequest, `Invalid request: ${found}`)
  }
  return { ok: true, value: parsed.value, exact: parsed.exact }
}

const refuse = (code: number, message: string): Parsed => ({
  ok: false,
  fail: fail(400, code, message),
})

/** What is too much in `text`. Almost every body has fewer brackets than the depth allowed, and one look is enough. */
function excessOf(text: string, depthMax: number, nodesMax: number): string | undefined {
  let brackets = 0
  for (let index = 0; index < text.length; index++) {
    if ((text.charCodeAt(index) | 0x20) === 0x7b) brackets++ // `[` and `{` differ in this bit alone
  }
  // Each value but the first follows a bracket, a comma or a colon: at least two characters a value.
  if (brackets <= depthMax && text.length <= nodesMax * 2) return undefined
  const { depth, nodes } = measure(text)
  if (depth > depthMax) return `nested deeper than ${depthMax}`
  return nodes > nodesMax ? `more than ${nodesMax} values` : undefined
}

function measure(text: string): { depth: number; nodes: number } {
  let depth = 0
  let deepest = 0
  let nodes = 1
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) index = endOfString(text, index)
    else if (code === 0x2c) nodes++
    else if (code === 0x7b || code === 0x5b) {
      nodes++
      if (++depth > deepest) deepest = depth
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return { depth: deepest, nodes }
}

/** The index of the quote that ends the string begun at `start`; the text's end when none does. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x5c) index++
    else if (code === 0x22) return index
  }
  return text.length
}

function hostilePart(root: unknown): string | undefined {
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const part = pending.pop()
    if (typeof part === "string" && !part.isWellFormed()) return "a string with a lone surrogate"
    if (typeof part !== "object" || part === null) continue
    if (Object.hasOwn(part, "__proto__")) return "a member named __proto__"
    for (const [key, value] of Object.entries(part)) pending.push(key, value)
  }
  return undefined
}
