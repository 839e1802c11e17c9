import type { RuleEffect, RuleMatch, ToolRule } from "../../call/rules/rule.ts"
import { ToolRules } from "../../call/rules/tool-rules.ts"
import { type RuleCondition, readRuleCondition } from "../../compose/rule-condition.ts"
import { nearest } from "../../schema/nearest.ts"
import type { ToolRuleFile } from "./tool-rules-schema.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  /** Whether tokens are verified. */
  readonly hasTokens: boolean
  /** Claims that some issuer's tokens give. */
  readonly claims: readonly string[]
  readonly wrong: (path: Path, message: string) => void
}

/** Undefined where there are none: then nothing is asked of them, either. */
export function settleToolRules(
  written: readonly ToolRuleFile[],
  around: Surroundings,
): ToolRules | undefined {
  const ids = written.map(({ id }) => id)
  for (const [index, id] of ids.entries())
    if (ids.indexOf(id) < index)
      around.wrong(["rules", index, "id"], "is the id of an earlier rule, too")
  const rules = written.map((rule, index) => settleRule(rule, ["rules", index], around))
  return rules.length === 0 ? undefined : new ToolRules(rules)
}

function settleRule(rule: ToolRuleFile, at: Path, around: Surroundings): ToolRule {
  const { match } = rule
  const effect =
    rule.require === undefined ? denial(rule, at, around) : requirement(rule, at, around)
  if (rule.message !== undefined && effect.condition?.looksAtArguments !== true)
    around.wrong(
      [...at, "message"],
      "is told to callers whose arguments are refused, and no condition of this rule looks at args",
    )
  return {
    id: rule.id,
    match: settleMatch(match),
    effect,
    reason: rule.reason,
    message: rule.message,
    isEnforced: rule.enforce,
  }
}

export function settleMatch(match: Partial<ToolRuleFile["match"]>): RuleMatch {
  const { agent, annotations, server, tags, tool } = match
  return {
    agents: agent === undefined ? undefined : [agent].flat(),
    tools: tool === undefined ? undefined : [tool].flat(),
    servers: server === undefined ? undefined : [server].flat(),
    tags: tags === undefined ? undefined : [tags].flat(),
    annotations,
  }
}

function denial({ deny }: ToolRuleFile, at: Path, around: Surroundings): RuleEffect {
  const source = typeof deny === "string" ? deny : undefined
  return { kind: "deny", condition: conditionOf(source, [...at, "deny"], around) }
}

function requirement({ require = {} }: ToolRuleFile, at: Path, around: Surroundings): RuleEffect {
  const { trust, scopes = [], claims = {}, condition } = require
  const path = [...at, "require"]
  if (scopes.length > 0 && !around.hasTokens) around.wrong([...path, "scopes"], tokenless("scopes"))
  for (const name of Object.keys(claims)) checkClaim(name, [...path, "claims", name], around)
  return {
    kind: "require",
    trust,
    scopes,
    claims: new Map(Object.entries(claims).map(([name, values]) => [name, [values].flat()])),
    condition: conditionOf(condition, [...path, "condition"], around),
  }
}

function conditionOf(
  source: string | undefined,
  at: Path,
  around: Surroundings,
): RuleCondition | undefined {
  if (source === undefined) return
  const read = readRuleCondition(source)
  if (!read.ok) {
    const place = read.at === undefined ? "" : `at character ${read.at}: `
    around.wrong(at, `the condition cannot be used: ${place}${read.why}`)
    return
  }
  for (const claim of read.condition.claims) checkClaim(claim, at, around)
  if (read.condition.callerMembers.has("scopes") && !around.hasTokens)
    around.wrong(at, tokenless("scopes"))
  return read.condition
}

const tokenless = (what: string) => `identity.jwt is not set, and so no caller has ${what}`

/** Nobody ever has a claim that no issuer gives, so a rule about it is always a mistake. */
function checkClaim(name: string, at: Path, { hasTokens, claims, wrong }: Surroundings): void {
  if (!hasTokens) wrong(at, tokenless("claims"))
  if (!hasTokens || claims.includes(name)) return
  const guess = nearest(name, claims)
  const hint = guess === undefined ? "" : `; did you mean ${guess}?`
  wrong(at, `claim ${name} is not in callerClaims of any identity.jwt${hint}`)
}
