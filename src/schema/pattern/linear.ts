import { RE2JS, RE2JSException } from "re2js"

/** Replaces each match of a pattern. */
export type Replace = (text: string, by: string) => string

/**
 * A pattern in the syntax of RE2, which has neither lookaround nor back-references: its time is in proportion to the text.
 * In words what is wrong, where it is none.
 */
export function linearPattern(source: string): { readonly replace: Replace } | string {
  try {
    const pattern = RE2JS.compile(source)
    if (pattern.test("")) return "matches the empty text, and so everywhere"
    const replace: Replace = (text, by) =>
      pattern.matcher(text).replaceAll(RE2JS.quoteReplacement(by))
    return { replace }
  } catch (error) {
    if (error instanceof RE2JSException) return error.message.split("\n", 1)[0] ?? "is no pattern"
    throw error
  }
}
