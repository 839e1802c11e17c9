import { ToolRules } from "../../src/call/rules/tool-rules.ts"
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
    wrong: (path, message) => {
      throw new Error(`${path.join(".")}: ${message}`)
    },
  })
  return settled ?? new ToolRules([])
}
