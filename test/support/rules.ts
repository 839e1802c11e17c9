import type { z } from "zod"
import type { ResultRules } from "../../src/call/results/result-rules.ts"
import { ToolRules } from "../../src/call/rules/tool-rules.ts"
import { type ResultsFile, results } from "../../src/server/config/results-schema.ts"
import { settleResults } from "../../src/server/config/settle-results.ts"
import { settleToolRules } from "../../src/server/config/settle-tool-rules.ts"
import { type ToolRuleFile, toolRules } from "../../src/server/config/tool-rules-schema.ts"

/** A rule as it may be written; its id is its place where it says none. */
export type RuleSketch = Partial<Omit<ToolRuleFile, "match">> & {
  readonly match?: ToolRuleFile["match"]
}

/** Rules through the configuration's own reader, with an issuer that gives the claims `team` and `tenant`. */
export function rulesOf(...sketches: readonly RuleSketch[]): ToolRules {
  const written = toolRules.parse(sketches.map((rule, index) => ({ id: `r${index}`, ...rule })))
  const settled = settleToolRules(written, {
    hasTokens: true,
    claims: ["team", "tenant"],
    wrong: fail,
  })
  return settled ?? new ToolRules([])
}

/** The section `results` through the configuration's own reader; a tenth of a mebibyte is redacted. */
export function resultsOf(
  sketch: Partial<z.input<typeof results>> = {},
  textCharsMax = 100_000,
): ResultRules {
  const forCallers = [{ name: "theirs", version: "1.0.0" }]
  const written: ResultsFile = results.parse(sketch)
  return settleResults(written, { forCallers, textCharsMax, wrong: fail })
}

function fail(path: readonly PropertyKey[], message: string): never {
  throw new Error(`${path.map(String).join(".")}: ${message}`)
}
