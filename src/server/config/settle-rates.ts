import type { RateRule, Selector } from "../../call/limits/rate-rule.ts"
import type { RateRuleFile } from "./rates-schema.ts"
import type { Path } from "./walk.ts"

/** The rules in the terms of the way of a call. Of two that say the same one would count for nothing. */
export function settleRates(
  rules: readonly RateRuleFile[],
  wrong: (path: Path, message: string) => void,
): readonly RateRule[] {
  const labels = new Set<string>()
  return rules.map((rule, index) => {
    const label = labelOf(rule)
    if (labels.has(label)) wrong(["rateLimits", index], "says the same as an earlier rule")
    labels.add(label)
    const { agent, tool, server, rate, burst, quota } = rule
    const [number, unit] = (rate ?? quota ?? "").split("/")
    const strategy = quota === undefined ? "token_bucket" : "fixed_window"
    const measure = {
      strategy,
      rate: Number(number),
      windowMs: units.get(unit ?? "") ?? 0,
    } as const
    return {
      agent: selectorOf(agent),
      tool: selectorOf(tool),
      server: selectorOf(server),
      measure: burst === undefined ? measure : { ...measure, burst },
      label,
    }
  })
}

const units = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
])

function selectorOf(written: string | undefined): Selector | undefined {
  if (written === undefined) return
  if (written === "*") return "each"
  const [name = "", version] = written.split(/[@:]/)
  return { name, version }
}

/** `agent=* tool=search 50/s`: what operators know a rule by. */
function labelOf({ agent, tool, server, rate, quota }: RateRuleFile): string {
  const whose = Object.entries({ agent, tool, server }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  )
  return [...whose, rate ?? quota].join(" ")
}
