import type { Measure } from "../../compose/run/state/pace.ts"

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
