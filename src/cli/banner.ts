import type { Address } from "../mcp/backend/address.ts"
import type { Catalog, CatalogAgent, CatalogServer, CatalogTool } from "../registry/catalog.ts"
import { refKey, written } from "../registry/model.ts"
import { isObject } from "../schema/json.ts"
import type { Config } from "../server/config/config.ts"
import type { Routes } from "../server/routes.ts"

export interface BannerFacts {
  readonly version: string
  readonly url: string
  readonly adminUrl: string
  readonly source: string
  readonly catalog: Catalog
  readonly routes: Pick<Routes, "addresses" | "rules">
  /** What callers have to show. */
  readonly config: Pick<Config, "identity" | "listen">
  /** `npm run -s postern --` in a checkout, `npx postern` where it is installed. */
  readonly command: string
}

const rowsMax = 12 // of servers and of agents: a banner is read, not searched
const toolsMax = 12 // of an agent

/** What `postern serve` prints when it is ready: what it serves, where, for whom, and three commands to try. */
export function banner(facts: BannerFacts): string {
  const { catalog } = facts
  const { schemas, servers, tools, agents } = catalog.document
  const counts = `${schemas.length} schemas, ${servers.length} servers, ${tools.length} tools, ${agents.length} agents`
  return [
    `postern ${facts.version}`,
    "",
    `  MCP       ${facts.url}`,
    `  admin     ${facts.adminUrl}  (/healthz /readyz /metrics /status)`,
    `  registry  ${facts.source}  (${counts})`,
    "",
    "  servers",
    ...table(serversOf(facts).map((server) => [written(server), whereOf(facts, server)])),
    "",
    "  agents see",
    ...table(catalog.agents.map((agent) => [written(agent), toolsOf(agent)])),
    "",
    ...tries(facts),
    `ready on ${facts.url}`,
    "",
  ].join("\n")
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const shown = rows.slice(0, rowsMax)
  const width = Math.max(0, ...shown.map(([left]) => left.length))
  const more = rows.length - shown.length
  return [
    ...shown.map(([left, right]) => `    ${left.padEnd(width)}  ${right}`),
    ...(more > 0 ? [`    … and ${more} more`] : []),
    ...(rows.length === 0 ? ["    none"] : []),
  ]
}

/** Those of the registry, and those that configuration exposes beside it. */
const serversOf = ({ catalog, routes }: BannerFacts): CatalogServer[] => [
  ...new Set([...catalog.servers, ...routes.rules.exposed]),
]

function whereOf({ routes }: BannerFacts, server: CatalogServer): string {
  const place = placeOf(routes.addresses.get(refKey(server.name, server.version)))
  const { expose } = routes.rules.of(server)
  if (expose === undefined) return place
  const to = expose.to.includes("*") ? "every caller" : expose.to.join(" ")
  return `${place}; its own tools to ${to}`
}

function placeOf(address: Address | undefined): string {
  if (address === undefined) return "no address: its tools are unavailable"
  if (address.kind === "stdio") return "stdio, started at first use"
  const { origin, pathname } = new URL(address.url)
  return `${origin}${pathname}${address.process === undefined ? "" : ", started at first use"}`
}

function toolsOf(agent: CatalogAgent): string {
  const tools = [...agent.scope.tools.values()].map(written)
  const more = tools.length > toolsMax ? [`… and ${tools.length - toolsMax} more`] : []
  return tools.length === 0 ? "nothing" : [...tools.slice(0, toolsMax), ...more].join(" ")
}

const takesQuery = (tool: CatalogTool): boolean => {
  const properties = tool.shown.inputSchema["properties"]
  return isObject(properties) && Object.hasOwn(properties, "query")
}

const needsNothing = ({ shown: { inputSchema } }: CatalogTool): boolean => {
  const { required } = inputSchema
  return !Array.isArray(required) || required.length === 0
}

/** One that the agent may call; if there is one, a tool that answers to the proposed words and has no effect. */
function allowedTool({ scope }: CatalogAgent): CatalogTool | undefined {
  const tools = [...scope.tools.values()].reverse()
  const harmless = tools.filter(({ shown }) => shown.annotations?.["readOnlyHint"] === true)
  return tools.find(takesQuery) ?? harmless.find(needsNothing) ?? harmless[0] ?? tools[0]
}

/** One that the agent may not call; if there is one, a tool whose refusal makes sense at once. */
function refusedTool({ tools }: Catalog, { scope }: CatalogAgent): string | undefined {
  const others = tools.filter(({ name }) => !scope.tools.has(name))
  const destructive = others.find(({ shown }) => shown.annotations?.["destructiveHint"] === true)
  return (destructive ?? others[0])?.name
}

/** How a caller says or proves that it is `agent`, as options of a command; words in capitals are to be filled in. */
function proofOf(agent: CatalogAgent, { identity, listen }: BannerFacts["config"]): string {
  const { agentUris, jwt, minTrust, trustedFrom } = identity
  const clients = listen.tls?.clients
  const certificate = "--cert FILE --key FILE"
  const isByCertificate = clients !== undefined && agentUris.length > 0
  if (isByCertificate && clients.areRequired) return certificate
  const isByHeader = trustedFrom.length > 0 && minTrust !== "verified"
  const token = jwt.length > 0 ? "--token VARIABLE" : undefined
  const proof = token ?? (isByCertificate ? certificate : undefined)
  const said = (isByHeader ? undefined : proof) ?? `--agent ${written(agent)}`
  return clients?.areRequired ? `${said} ${certificate}` : said
}

/** A list, a call that may be made, and one that may not. */
function tries({ catalog, command, config, url }: BannerFacts): string[] {
  const agent = catalog.agents.find(({ scope }) => scope.tools.size > 0)
  if (agent === undefined) return []
  const who = `${proofOf(agent, config)} --url ${url}`
  const own = allowedTool(agent)
  const foreign = refusedTool(catalog, agent)
  return [
    "  try",
    `    ${command} tools ${who}`,
    `    ${command} call ${own?.name} ${who}${own !== undefined && takesQuery(own) ? ' --args \'{"query": "tide"}\'' : ""}`,
    ...(foreign === undefined ? [] : [`    ${command} call ${foreign} ${who}`]),
    "",
  ]
}
