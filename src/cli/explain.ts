import { loadPlanned } from "../compose/load.ts"
import type { Catalog } from "../registry/catalog.ts"
import { explainScope, explainTool } from "../registry/explain.ts"
import { toEnd } from "../registry/load.ts"
import { formatProblem } from "../registry/print-problems.ts"
import type { Config } from "../server/config/config.ts"
import { callerClaims } from "../server/identity-of.ts"
import { loadLimitsOf, planLimitsOf } from "../server/limits.ts"
import { planRoutes } from "../server/routes.ts"
import { type Command, type Io, UsageError } from "./command.ts"
import { configOption, readConfig } from "./config-file.ts"
import { type Found, words } from "./explain-words.ts"
import { parseRef } from "./ref.ts"
import { readRegistry } from "./registry-file.ts"

export const explain: Command = {
  name: "explain",
  summary: "Say what an agent sees, and why a call would be allowed or refused",
  arguments: "",
  options: {
    agent: { type: "string", short: "a", value: "NAME@VERSION", summary: "the agent" },
    tool: {
      type: "string",
      short: "t",
      value: "NAME",
      summary: "one tool, whether the agent sees it or not",
    },
    config: configOption,
    json: { type: "boolean", summary: "the reasons as JSON" },
  },
  details: `Works on the registry and the configuration alone; no gateway need run and no backend is asked. Exit code 1 when the
agent is not registered, or the tool would be refused.`,
  async run(given, io) {
    const agent = given.text("agent")
    if (agent === undefined) throw new UsageError("--agent NAME@VERSION is missing")
    const read = readConfig(given, io)
    if (read === undefined) return 1
    const catalog = loadCatalog(read.config, io)
    if (catalog === undefined) return 1
    const { servers, registry } = read.config
    const { addresses } = planRoutes({ catalog, servers, levels: registry.levels })
    const tool = given.text("tool")
    const found = tool === undefined ? scopeOf(catalog, agent) : toolOf(catalog, agent, tool)
    if (given.flag("json")) io.out.write(`${JSON.stringify(asJson(found))}\n`)
    else for (const line of words(found, addresses)) io.out.write(`${line}\n`)
    const level = registry.levels.undeclaredDependency
    const isLetThrough =
      level !== "deny" && found.tools.some(({ kind }) => kind === "not_in_depends")
    if (isLetThrough && !given.flag("json")) {
      io.out.write(`    its call passes all the same: runtime.undeclaredDependency is ${level}\n`)
    }
    const isGranted = isLetThrough || found.tools.every(({ kind }) => kind === "granted")
    return found.lookup.found && (tool === undefined || isGranted) ? 0 : 1
  },
}

function scopeOf(catalog: Catalog, agent: string): Found {
  const { lookup, tools, unresolved } = explainScope(catalog, parseRef(agent))
  return { lookup, tools, unresolved }
}

function toolOf(catalog: Catalog, agent: string, tool: string): Found {
  const { lookup, tool: explained } = explainTool(catalog, parseRef(agent), parseRef(tool))
  return { lookup, tools: explained === undefined ? [] : [explained], unresolved: [] }
}

function loadCatalog(config: Config, io: Io): Catalog | undefined {
  const { registry, limits } = config
  const { file, knobs } = registry
  const read = readRegistry(file)
  if (!read.ok) {
    io.err.write(`${formatProblem(read.problem)}\n`)
    return undefined
  }
  const env = (name: string) => io.env[name]
  const { catalog, problems } = toEnd(
    loadPlanned(read.text, {
      file,
      knobs,
      limits: loadLimitsOf(limits),
      plans: planLimitsOf(limits),
      env,
      claims: callerClaims(config),
    }),
  )
  for (const problem of problems) {
    if (problem.severity === "error") io.err.write(`${formatProblem(problem)}\n`)
  }
  return catalog
}

function asJson({ lookup, tools, unresolved }: Found): object {
  const who = lookup.found
    ? {
        found: true,
        name: lookup.agent.name,
        version: lookup.agent.version,
        versionAssumed: lookup.versionAssumed,
      }
    : lookup
  return { agent: who, tools, unresolved }
}
