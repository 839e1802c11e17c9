import { basename } from "node:path"
import { impossible } from "../call/reason.ts"
import type { Address, HttpAddress } from "../mcp/backend/address.ts"
import type { AgentLookup, Route, Stop, ToolExplanation } from "../registry/explain.ts"
import { type Dependency, refKey, type Select, written } from "../registry/model.ts"
import { printableUrl } from "../server/log.ts"
import { type RuleShown, ruleWords } from "./explain-rules.ts"

/** What `postern explain` found out. */
export interface Found {
  readonly lookup: AgentLookup
  readonly tools: readonly ToolExplanation[]
  /** What rules of the configuration say of those that are granted, by name. */
  readonly rules: ReadonlyMap<string, readonly RuleShown[]>
  /** Dependencies that grant nothing. */
  readonly unresolved: readonly ToolExplanation[]
}

type Addresses = ReadonlyMap<string, Address>

/** The findings in words, a line each; what grants a tool, or what would. */
export function* words(found: Found, addresses: Addresses): Generator<string> {
  const { lookup, tools, rules, unresolved } = found
  if (!lookup.found) {
    yield unknownAgent(lookup)
    return
  }
  const { name, version } = lookup.agent
  const who = written({ name, version })
  if (lookup.versionAssumed) yield `${name}: no version given; ${who} is the only one registered`
  if (tools.length === 0) yield `${who} sees nothing: its depends is empty`
  for (const tool of tools) yield* ruledWords(who, tool, rules.get(tool.tool.name) ?? [], addresses)
  for (const tool of unresolved) yield* toolWords(who, tool, addresses)
}

/** A tool that the registry grants, and what rules leave of that. */
function* ruledWords(
  who: string,
  found: ToolExplanation,
  rules: readonly RuleShown[],
  addresses: Addresses,
): Generator<string> {
  const [certain] = rules.filter(({ isCertain }) => isCertain)
  if (certain === undefined) yield* toolWords(who, found, addresses)
  else yield `✗ ${written(found.tool)} — ${who} depends on it, and a rule takes it away`
  for (const rule of rules) yield `    ${ruleWords(rule)}`
}

function unknownAgent({
  agent,
  registered,
  nearest,
}: Extract<AgentLookup, { found: false }>): string {
  const who = written(agent)
  if (registered.length > 0) return `${who} is not registered; there is ${registered.join(", ")}`
  return `${who} is not registered${guessed(nearest)}`
}

export function* toolWords(
  who: string,
  found: ToolExplanation,
  addresses: Addresses,
): Generator<string> {
  const tool = written(found.tool)
  switch (found.kind) {
    case "granted":
      yield `✓ ${tool} — ${who} depends on it`
      for (const line of routeWords(found.route, addresses)) yield `    ${line}`
      return
    case "unavailable":
      yield `✗ ${tool} — ${who} depends on it, and it is unavailable: ${found.reason}`
      return
    case "other_version":
      yield `✗ ${tool} — ${who} depends on ${written(found.sees)} and calls that one under this name`
      return
    case "unresolved_dependency":
      yield `✗ ${tool} — ${who} depends on it, but it is not registered${thereIs(found.registered)}`
      return
    case "not_registered":
      yield `✗ ${tool} — not registered${thereIs(found.registered)}${guessed(found.nearest)}`
      return
    case "not_in_depends":
      yield `✗ ${tool} — ${notInDepends(who, found)}`
      return
    default:
      return impossible(found)
  }
}

type NotInDepends = Extract<ToolExplanation, { kind: "not_in_depends" }>

const guessed = (nearest: string | undefined) =>
  nearest === undefined ? "" : `; did you mean ${nearest}?`

function notInDepends(who: string, found: NotInDepends): string {
  const through = found.calledBy.map(written).join(", ")
  const reveals =
    through === "" ? "" : `; ${through} may call it for ${who}, which does not reveal it`
  if (found.declaresNothing)
    return `${who} declares no dependencies at all (no SBOM extension)${reveals}`
  const mend = `add { "type": "tool", "name": ${JSON.stringify(found.tool.name)}, "version": … } to its depends`
  return `not in the depends of ${who}${thereIs(found.registered)}; to grant it, ${mend}${reveals}`
}

const thereIs = (registered: readonly string[]) =>
  registered.length === 0 ? "" : `; there is ${registered.join(", ")}`

/** What a composition may call, and nothing else. */
export const dependsWords = (depends: readonly Dependency[]): string =>
  depends.length === 0
    ? "nothing"
    : depends
        .map((one) =>
          one.type === "agent" ? `${one.skill} of agent ${written(one)}` : written(one),
        )
        .join(", ")

export function* routeWords(route: Route, addresses: Addresses): Generator<string> {
  if (route.kind === "composition") {
    yield `is a ${route.pattern}; it may call ${dependsWords(route.depends)}`
    return
  }
  if (route.kind === "server") {
    yield `goes to ${stopWords(route, addresses)}`
    return
  }
  yield selectWords[route.select]
  for (const stop of route.among) yield `  ${stopWords(stop, addresses)}${whenWords(stop)}`
}

const selectWords = {
  first_available: "goes to the first of these that can be had",
  round_robin: "goes to these in turn",
} as const satisfies Record<Select, string>

function stopWords({ server, tool }: Stop, addresses: Addresses): string {
  const address = addresses.get(refKey(server.name, server.version))
  return `${tool} of ${written(server)}, ${placeOf(address)}`
}

function whenWords({ when }: Stop): string {
  if (when === undefined) return ""
  return `, when ${typeof when === "string" ? when : JSON.stringify(when)}`
}

function placeOf(address: Address | undefined): string {
  if (address === undefined)
    return "which has no address in the configuration (backend_unavailable)"
  if (address.kind === "stdio") return `over stdio (${basename(address.process.command)})`
  return `at ${printableUrl(address.url)}${proofOf(address)}`
}

/** What its calls are made with, where that is a token from elsewhere. */
function proofOf({ authorization }: HttpAddress): string {
  if (authorization === undefined) return ""
  const { clientId, kind, server } = authorization
  const from = printableUrl(server.issuer ?? server.tokenEndpoint)
  return kind === "client_credentials"
    ? `, with a token of ${clientId} from ${from}`
    : `, with a token for its caller from ${from}`
}
