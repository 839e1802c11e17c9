import { typesOfPlan } from "../compose/check/plan-types.ts"
import type { Plan } from "../compose/plan/plan.ts"
import type { Catalog } from "../registry/catalog.ts"
import { explainScope, explainTool, lookUpTool } from "../registry/explain.ts"
import type { Config } from "../server/config/config.ts"
import { planRoutes } from "../server/routes.ts"
import { type Command, type ExitCode, type Given, type Io, UsageError } from "./command.ts"
import { configOption, readConfig } from "./config-file.ts"
import { exposedTo, exposedWords } from "./explain-exposed.ts"
import { resultsFor } from "./explain-results.ts"
import { type RuleShown, rulesFor, toolGranted } from "./explain-rules.ts"
import {
  jsonOfTool,
  mermaidOf,
  type Plans,
  planJson,
  planWords,
  type TypesOf,
  wordsOfTool,
} from "./explain-tool.ts"
import { type Found, words } from "./explain-words.ts"
import { printable } from "./printable.ts"
import { parseRef } from "./ref.ts"
import { configuredRegistry } from "./sound-registry.ts"

export const explain: Command = {
  name: "explain",
  summary:
    "Say what an agent sees, why a call would be allowed or refused, and how a composition runs",
  arguments: "",
  options: {
    agent: { type: "string", short: "a", value: "NAME@VERSION", summary: "the agent" },
    tool: {
      type: "string",
      short: "t",
      value: "NAME",
      summary: "one tool, whether the agent sees it or not; a composition with its plan",
    },
    format: { type: "string", value: "FORMAT", summary: "text or mermaid, for the plan of a tool" },
    config: configOption,
    json: {
      type: "boolean",
      summary: "the reasons, and the plan with the schemas of what flows, as JSON",
    },
  },
  details: `Works on the registry and the configuration alone; no gateway need run and no backend is asked. With --tool and no
--agent it says what the tool is and who sees it. Exit code 1 when the agent or the tool is not registered, or the tool would be
refused.`,
  async run(given, io) {
    const agent = given.text("agent")
    const tool = given.text("tool")
    if (agent === undefined && tool === undefined)
      throw new UsageError("--agent NAME@VERSION or --tool NAME is missing")
    const isDrawn = formatOf(given) === "mermaid"
    if (isDrawn && tool === undefined)
      throw new UsageError("--format mermaid: --tool NAME is missing")
    const read = readConfig(given, io, { isOffline: true })
    if (read === undefined) return 1
    const sound = await configuredRegistry(read.config, io)
    if (sound === undefined) return 1
    const { catalog, plans } = sound
    const typesOf: TypesOf = (plan) => typesOfPlan(plan, catalog)
    const asked: Asked = { catalog, plans, typesOf, config: read.config, given, io }
    if (isDrawn) return drawTool(tool ?? "", asked)
    return agent === undefined ? sayTool(tool ?? "", asked) : sayAgent(agent, tool, asked)
  },
}

interface Loaded {
  readonly catalog: Catalog
  readonly plans: Plans
  readonly typesOf: TypesOf
}

interface Asked extends Loaded {
  readonly config: Config
  readonly given: Given
  readonly io: Io
}

function formatOf(given: Given): "text" | "mermaid" {
  const format = given.text("format") ?? "text"
  if (format === "text" || format === "mermaid") return format
  throw new UsageError("--format: one of text, mermaid")
}

function drawTool(tool: string, { catalog, plans, typesOf, io }: Asked): ExitCode {
  const drawn = mermaidOf(lookUpTool(catalog, parseRef(tool)), plans, typesOf)
  if (typeof drawn === "string") {
    io.err.write(`${drawn}\n`)
    return 1
  }
  io.out.write(`${drawn.join("\n")}\n`)
  return 0
}

function sayTool(tool: string, { catalog, plans, typesOf, config, given, io }: Asked): ExitCode {
  const found = lookUpTool(catalog, parseRef(tool))
  const { toolRules } = config.registry.levels
  const rules = found.found ? rulesFor(found.tool, undefined, toolRules) : []
  const results = found.found ? resultsFor(found.tool, config.results) : undefined
  const around = { plans, typesOf, rules, results }
  if (given.flag("json")) io.out.write(`${JSON.stringify(jsonOfTool(found, around))}\n`)
  else writeLines(wordsOfTool(found, { ...around, ...routesOf(catalog, config), rules }), io)
  return found.found ? 0 : 1
}

function sayAgent(agent: string, tool: string | undefined, asked: Asked): ExitCode {
  const { catalog, config, given, io, typesOf } = asked
  const found = ruled(
    tool === undefined ? scopeOf(catalog, agent) : toolOf(catalog, agent, tool),
    asked,
  )
  const plan = planOf(tool, found, asked)
  const { addresses, rules } = routesOf(catalog, config)
  const exposed = exposedTo(found.lookup, rules)
  const level = config.registry.levels.undeclaredDependency
  const isLetThrough = level !== "deny" && found.tools.some(({ kind }) => kind === "not_in_depends")
  if (given.flag("json")) {
    const drawn = plan && planJson(plan, typesOf(plan))
    io.out.write(`${JSON.stringify({ ...asJson(found), exposed, ...drawn })}\n`)
  } else {
    const passing = `    its call passes all the same: runtime.undeclaredDependency is ${level}`
    const lines = [
      ...words(found, addresses),
      ...exposedWords(exposed),
      ...(isLetThrough ? [passing] : []),
      ...(plan === undefined ? [] : planWords(plan, typesOf(plan))),
    ]
    writeLines(lines, io)
  }
  if (!found.lookup.found) return 1
  const isDenied = [...found.rules.values()].flat().some(({ isCertain }) => isCertain)
  const isGranted =
    !isDenied && (isLetThrough || found.tools.every(({ kind }) => kind === "granted"))
  return tool === undefined || isGranted ? 0 : 1
}

type Unruled = Omit<Found, "rules">

/** With what rules of the configuration say of the calls of this agent. */
function ruled(found: Unruled, { catalog, config }: Pick<Asked, "catalog" | "config">): Found {
  const { lookup, tools } = found
  const { toolRules } = config.registry.levels
  if (!lookup.found || toolRules === undefined) return { ...found, rules: new Map() }
  const rules = tools.flatMap((tool) => {
    const said = rulesFor(toolGranted(tool, catalog), lookup.agent, toolRules)
    return said.length === 0 ? [] : [[tool.tool.name, said] as const]
  })
  return { ...found, rules: new Map<string, readonly RuleShown[]>(rules) }
}

/** What a registry document says is shown as it is, and obeyed by no terminal. */
function writeLines(lines: Iterable<string>, io: Io): void {
  for (const line of lines) io.out.write(`${printable(line)}\n`)
}

/** Of the one composition that was asked for, if the agent may call it. */
function planOf(
  asked: string | undefined,
  { tools }: Found,
  { catalog, plans }: Loaded,
): Plan | undefined {
  if (asked === undefined) return
  const [granted] = tools.filter(({ kind }) => kind === "granted")
  const tool = granted && catalog.tool(granted.tool.name, granted.tool.version)
  return tool && plans.get(tool)
}

const routesOf = (catalog: Catalog, { servers, registry }: Config) =>
  planRoutes({ catalog, servers, levels: registry.levels })

function scopeOf(catalog: Catalog, agent: string): Unruled {
  const { lookup, tools, unresolved } = explainScope(catalog, parseRef(agent))
  return { lookup, tools, unresolved }
}

function toolOf(catalog: Catalog, agent: string, tool: string): Unruled {
  const { lookup, tool: explained } = explainTool(catalog, parseRef(agent), parseRef(tool))
  return { lookup, tools: explained === undefined ? [] : [explained], unresolved: [] }
}

function asJson({ lookup, tools, unresolved, rules }: Found): object {
  const who = lookup.found
    ? {
        found: true,
        name: lookup.agent.name,
        version: lookup.agent.version,
        versionAssumed: lookup.versionAssumed,
      }
    : lookup
  const told = tools.map((tool) => {
    const said = rules.get(tool.tool.name)
    return said === undefined ? tool : { ...tool, rules: said }
  })
  return { agent: who, tools: told, unresolved }
}
