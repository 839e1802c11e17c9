import type { Measure } from "../../compose/run/state/pace.ts"
import type { Catalog } from "../../registry/catalog.ts"

/** Which agents, tools or servers a rule is for. */
export type Selector =
  /** All of them, and each has a count of its own. */
  | "each"
  /** All versions of one name together, or one version. */
  | { readonly name: string; readonly version: string | undefined }

/** How often something may be asked for. What a rule says nothing of is counted together. */
export interface RateRule {
  readonly agent: Selector | undefined
  /** Not with `server`. */
  readonly tool: Selector | undefined
  readonly server: Selector | undefined
  readonly measure: Measure
  /** For operators: in the audit, in metrics. Each rule has another. */
  readonly label: string
}

/** What an agent, a tool or a server is counted as by a rule; undefined where the rule is not for it. */
export function countedAs(
  selector: Selector | undefined,
  { name, version }: { readonly name: string; readonly version: string | undefined },
): string | undefined {
  if (selector === undefined) return ""
  if (selector === "each") return name
  if (selector.name !== name) return
  return selector.version === undefined || selector.version === version ? name : undefined
}

/** Rules that name an agent, a tool or a server which is not registered: they limit nothing. */
export const idleRules = (
  rules: readonly RateRule[],
  { agents, tools, servers }: Pick<Catalog, "agents" | "tools" | "servers">,
): readonly RateRule[] =>
  rules.filter(
    ({ agent, tool, server }) =>
      !(isThere(agent, agents) && isThere(tool, tools) && isThere(server, servers)),
  )

const isThere = (
  selector: Selector | undefined,
  all: readonly { readonly name: string; readonly version: string | undefined }[],
): boolean =>
  selector === undefined ||
  selector === "each" ||
  all.some((one) => countedAs(selector, one) !== undefined)
