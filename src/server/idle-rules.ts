import { fits } from "../call/allowance.ts"
import { countedAs, type RateRule, type Selector } from "../call/limits/rate-rule.ts"
import { fitsRef, meansTool, type RuleMatch } from "../call/rules/rule.ts"
import type { Catalog } from "../registry/catalog.ts"
import { type Ref, written } from "../registry/model.ts"
import type { Problem } from "../registry/problem.ts"
import { nearest } from "../schema/nearest.ts"
import type { Config } from "./config/config.ts"

type Registered = Pick<Catalog, "agents" | "tools" | "servers">
export type Ruled = Pick<Config, "places" | "rateLimits" | "results" | "servers"> & {
  readonly registry: Pick<Config["registry"], "levels">
}

/**
 * Rules, rate limits, sizes, redactions and caches of the configuration that name what is not registered: they do
 * nothing, and a misspelt name in a `deny` would silently leave open what it was to close. Where a server exposes
 * unregistered tools, rules that name a tool are not reported, since they may be about one of those.
 */
export function idleRules(config: Ruled, catalog: Registered): readonly Problem[] {
  const { places, rateLimits, servers } = config
  const named = namesOf(catalog)
  const isOpen = servers.some(({ rule }) => rule.expose !== undefined)
  return [
    ...matchesOf(config).flatMap(({ whose, match, at }) => {
      const patterns = idlePatterns(whose, match, named, isOpen).map(([member, words]) => ({
        ...at,
        ...words,
        pointer: `${at.pointer}/${member}`,
      }))
      const isIdle = !isOpen && !catalog.tools.some((tool) => meansTool(match, tool))
      return patterns.length === 0 && isIdle ? [{ ...at, ...aboutNothing(whose) }] : patterns
    }),
    ...rateLimits.flatMap((rule, index) =>
      idleSelectors(rule, named, isOpen).map(([member, words]) => ({
        pointer: `/rateLimits/${index}/${member}`,
        ...places.rateLimits[index],
        ...words,
      })),
    ),
  ]
}

/** Each `match` of the configuration, with what it belongs to and where it is written. */
function matchesOf({ places, registry, results }: Ruled) {
  const rules = registry.levels.toolRules?.all ?? []
  const { sizes, redactions, caches } = results
  return [
    ...rules.map(({ id, match }, index) => ({
      whose: `rule ${id}`,
      match,
      at: { pointer: `/rules/${index}/match`, ...places.rules[index] },
    })),
    ...sizes.map(({ match }, index) => ({
      whose: `size ${index + 1}`,
      match: { ...match, agents: undefined },
      at: { pointer: `/results/size/${index}/match`, ...places.sizes[index] },
    })),
    ...redactions.map(({ id, match }, index) => ({
      whose: `redaction ${id}`,
      match: { ...match, agents: undefined },
      at: { pointer: `/results/redact/${index}/match`, ...places.redactions[index] },
    })),
    ...caches.map(({ match }, index) => ({
      whose: `cache ${index + 1}`,
      match: { ...match, agents: undefined },
      at: { pointer: `/results/cache/${index}/match`, ...places.caches[index] },
    })),
  ]
}

/** All that a pattern may be of, by the kind that messages say. */
interface Names {
  readonly agent: readonly Ref[]
  readonly tool: readonly Ref[]
  readonly server: readonly Ref[]
  readonly tag: readonly string[]
}

const namesOf = ({ agents, tools, servers }: Registered): Names => ({
  agent: agents.map(({ entity }) => entity),
  tool: tools.map(({ entity }) => entity),
  server: servers.map(({ entity }) => entity),
  tag: tools.flatMap(({ entity }) => entity.tags ?? []),
})

type Words = Pick<Problem, "code" | "severity" | "message" | "hint">
type Idle = readonly [member: string, words: Words]

function idlePatterns(
  whose: string,
  match: RuleMatch,
  named: Names,
  isOpen: boolean,
): readonly Idle[] {
  const unfit = (kind: Exclude<keyof Names, "tag">, patterns: RuleMatch["agents"] = []): Idle[] =>
    patterns
      .filter((pattern) => !named[kind].some((one) => fitsRef([pattern], one)))
      .map((pattern) => [
        kind,
        idle("rule_idle", whose, { kind, pattern, hint: hintOf(pattern, named[kind]) }),
      ])
  const tags = (match.tags ?? [])
    .filter((pattern) => !named.tag.some((tag) => fits(pattern, tag)))
    .map((pattern): Idle => {
      const hint = meant(nearest(pattern, named.tag))
      return ["tags", idle("rule_idle", whose, { kind: "tag", pattern, hint })]
    })
  return [
    ...unfit("agent", match.agents),
    ...(isOpen ? [] : unfit("tool", match.tools)),
    ...unfit("server", match.servers),
    ...(isOpen ? [] : tags),
  ]
}

function idleSelectors(rule: RateRule, named: Names, isOpen: boolean): readonly Idle[] {
  const unfit = (kind: Exclude<keyof Names, "tag">, selector: Selector | undefined): Idle[] => {
    if (selector === undefined || selector === "each") return []
    const all = named[kind]
    if (all.some(({ name, version }) => countedAs(selector, { name, version }) !== undefined))
      return []
    const pattern = written({
      name: selector.name,
      ...(selector.version !== undefined && { version: selector.version }),
    })
    const hint = hintOf(pattern, all)
    return [[kind, idle("rate_limit_idle", `rate limit ${rule.label}`, { kind, pattern, hint })]]
  }
  return [
    ...unfit("agent", rule.agent),
    ...(isOpen ? [] : unfit("tool", rule.tool)),
    ...unfit("server", rule.server),
  ]
}

interface Unfit {
  readonly kind: keyof Names
  readonly pattern: string
  readonly hint: string
}

const idle = (code: string, whose: string, { kind, pattern, hint }: Unfit): Words => ({
  code,
  severity: "warn",
  message: `${whose} names ${pattern}, and no registered ${kind === "tag" ? "tool has that tag" : `${kind} is that`}`,
  hint,
})

const aboutNothing = (whose: string): Words => ({
  code: "rule_idle",
  severity: "warn",
  message: `${whose} is about no registered tool: none is all that its match says`,
  hint: "members of match hold together; take out the one that is too much",
})

function hintOf(pattern: string, all: readonly Ref[]): string {
  const [name] = pattern.split("@")
  const versions = all.filter((one) => one.name === name).map(written)
  if (versions.length > 0) return `registered: ${versions.join(", ")}`
  const guess = nearest(
    pattern,
    all.flatMap((one) => [one.name, written(one)]),
  )
  return meant(
    guess ??
      nearest(
        name ?? "",
        all.map((one) => one.name),
      ),
  )
}

const meant = (guess: string | undefined) =>
  guess === undefined ? "write the name as the registry does" : `did you mean ${guess}?`
