import type { Caller } from "../../call/caller.ts"
import type { Levels } from "../../call/gateway.ts"
import { meansCaller, type ToolRule } from "../../call/rules/rule.ts"
import { ToolRules } from "../../call/rules/tool-rules.ts"
import type { CatalogTool } from "../../registry/catalog.ts"

/** Of a caller, what a replayed one has. */
const replayed: ReadonlySet<string> = new Set(["name", "version", "registered", "trust"])

const kept = new WeakMap<ToolRules, ToolRules>()

/** The levels with the rules alone that decide by what a record says. */
export function knownRules(levels: Levels): Levels {
  const { toolRules } = levels
  if (toolRules === undefined) return levels
  const known =
    kept.get(toolRules) ?? new ToolRules(toolRules.all.filter((rule) => beyond(rule) === undefined))
  kept.set(toolRules, known)
  return { ...levels, toolRules: known }
}

/**
 * Why it cannot be said what rules would decide about the call; undefined where they have no say, or where it is known.
 */
export function decidesBy(
  tool: CatalogTool,
  caller: Caller,
  { toolRules }: Pick<Levels, "toolRules">,
): string | undefined {
  const meant = toolRules?.of(tool).filter(({ match }) => meansCaller(match, caller)) ?? []
  for (const rule of meant) {
    const what = rule.isEnforced ? beyond(rule) : undefined
    if (what !== undefined)
      return `rule ${rule.id} decides by ${what}, which the audit does not have`
  }
  return
}

/** What a rule looks at that no replayed call has. */
function beyond({ effect }: ToolRule): string | undefined {
  const { condition } = effect
  if (condition?.looksAtArguments) return "the arguments"
  if (effect.kind === "require" && effect.scopes.length > 0) return "the scopes of the token"
  if (effect.kind === "require" && effect.claims.size > 0) return "the claims of the token"
  const [member] = [...(condition?.callerMembers ?? [])].filter((name) => !replayed.has(name))
  return member === undefined ? undefined : `caller.${member}`
}
