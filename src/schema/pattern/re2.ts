import { RE2JS, RE2JSException } from "re2js"
import type { Pattern } from "./syntax.ts"

/** RE2 refuses larger counts. */
const countMax = 1_000

/** A matcher whose time is linear in the length of the text, or undefined where RE2 cannot say what the pattern says. */
export function compileRe2(pattern: Pattern): RE2JS | undefined {
  const source = write(pattern)
  if (source === undefined) return
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (error instanceof RE2JSException) return // counts that multiply, or a property it does not know
    throw error
  }
}

function write(pattern: Pattern): string | undefined {
  switch (pattern.kind) {
    case "atom":
      return pattern.re2
    case "backReference":
    case "foreign":
      return
    case "sequence":
      return writeAll(pattern.items, "")
    case "choice":
      return group(writeAll(pattern.branches, "|"))
    case "repeat":
      return writeRepeat(pattern)
  }
}

function writeAll(parts: readonly Pattern[], separator: string): string | undefined {
  const texts = parts.map(write)
  return texts.includes(undefined) ? undefined : texts.join(separator)
}

const group = (text: string | undefined) => (text === undefined ? undefined : `(?:${text})`)

function writeRepeat({
  body,
  min,
  max,
}: Pattern & { readonly kind: "repeat" }): string | undefined {
  const isUnbounded = max === Number.POSITIVE_INFINITY
  if (min > countMax || (!isUnbounded && max > countMax)) return
  const text = group(write(body))
  return text === undefined ? undefined : `${text}{${min},${isUnbounded ? "" : max}}`
}
