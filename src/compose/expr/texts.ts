import type { Json } from "../../schema/json.ts"
import { joinTexts, textOf } from "../text.ts"
import { type Compute, fail, overrun, type Run, spendText, textMax } from "./run.ts"

/** Fills a template in one pass: what comes out of a variable is never looked at again. */
export function computeTemplate(
  parts: readonly string[],
  vars: ReadonlyMap<string, Compute>,
): Compute {
  return (scope, run) => {
    const texts = new Map<string, string>()
    for (const [name, compute] of vars) texts.set(name, write(compute(scope, run), run) ?? "")
    const whole = parts.map((part, index) => (index % 2 === 0 ? part : (texts.get(part) ?? "")))
    return join(whole, "", run)
  }
}

export const computeConcat =
  (parts: readonly Compute[], separator: string): Compute =>
  (scope, run) => {
    const texts: string[] = []
    for (const compute of parts) {
      const value = compute(scope, run)
      if (value !== undefined && value !== null) texts.push(write(value, run) ?? "")
    }
    return join(texts, separator, run)
  }

function write(value: Json | undefined, run: Run): string | undefined {
  if (run.error !== undefined) return
  const text = textOf(value)
  if (text === undefined) return fail(run, "a value is nested too deep to be written out")
  spendText(run, text)
  return text
}

function join(texts: readonly string[], separator: string, run: Run): string | undefined {
  const text = joinTexts(texts, separator, textMax)
  return text ?? overrun(run, `a text is longer than ${textMax} characters (limit templateBytes)`)
}
