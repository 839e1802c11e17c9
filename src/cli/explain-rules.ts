import { meansCaller, type RuleEffect, type ToolRule } from "../call/rules/rule.ts"
import type { ToolRules } from "../call/rules/tool-rules.ts"
import type { Catalog, CatalogAgent, CatalogTool } from "../registry/catalog.ts"
import type { ToolExplanation } from "../registry/explain.ts"

/** A rule that is about a tool, as far as it can be told before there is a call. */
export interface RuleShown {
  readonly id: string
  /** When it refuses, such as `needs trust verified`. */
  readonly says: string
  readonly reason?: string
  /** Whoever calls, and with whatever. */
  readonly isCertain: boolean
  readonly isEnforced: boolean
}

/** What rules say of a tool; of the calls of one agent, or of all. */
export function rulesFor(
  tool: CatalogTool | undefined,
  agent: CatalogAgent | undefined,
  toolRules: ToolRules | undefined,
): readonly RuleShown[] {
  if (tool === undefined) return []
  const about = toolRules?.of(tool) ?? []
  const meant = agent === undefined ? about : about.filter(({ match }) => meansCaller(match, agent))
  return meant.map(shown)
}

/** The tool of the catalog that an agent would call; undefined for what it may not call anyway. */
export const toolGranted = (found: ToolExplanation, catalog: Catalog): CatalogTool | undefined =>
  found.kind === "granted" ? catalog.tool(found.tool.name, found.tool.version) : undefined

const shown = ({ id, effect, reason, isEnforced }: ToolRule): RuleShown => ({
  id,
  says: effectWords(effect),
  ...(reason !== undefined && { reason }),
  isCertain: isEnforced && effect.kind === "deny" && effect.condition === undefined,
  isEnforced,
})

function effectWords(effect: RuleEffect): string {
  const { condition } = effect
  const depends = condition?.looksAtArguments ? ", which depends on the arguments" : ""
  if (effect.kind === "deny")
    return condition === undefined ? "refuses" : `refuses where ${condition.source}${depends}`
  const { trust, scopes, claims } = effect
  const needs = [
    trust === undefined ? [] : `trust ${trust}`,
    scopes.length === 0 ? [] : `scopes ${scopes.join(" ")}`,
    [...claims].map(([name, values]) => `claim ${name} to be ${values.join(" or ")}`),
    condition === undefined ? [] : `${condition.source}${depends}`,
  ].flat()
  return `needs ${needs.join(", ")}`
}

export const ruleWords = ({ id, says, reason, isEnforced }: RuleShown): string =>
  `rule ${id} ${isEnforced ? "" : "(not enforced) "}${says}${reason === undefined ? "" : ` — ${reason}`}`
