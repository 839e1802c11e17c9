import { relative } from "node:path"
import { loadPlanned, type Planned } from "../compose/load.ts"
import { defaultPlanLimits } from "../compose/plan/limits.ts"
import { authoring } from "../registry/draft.ts"
import { defaultLoadLimits } from "../registry/limits.ts"
import { toEnd } from "../registry/load.ts"
import { formatProblem } from "../registry/print-problems.ts"
import type { Problem, Severity } from "../registry/problem.ts"
import type { Config } from "../server/config/config.ts"
import { type Command, type ExitCode, type Given, type Io, UsageError } from "./command.ts"
import { type RegistryText, readRegistry } from "./registry-file.ts"

export const validate: Command = {
  name: "validate",
  summary: "Check registry documents and say what is wrong, where, and what would be right",
  arguments: "[FILE…]",
  options: {
    config: {
      type: "string",
      short: "c",
      value: "FILE",
      summary:
        "also the document of this configuration, from its file or address, as a gateway would judge it",
    },
    json: { type: "boolean", summary: "one JSON object per document" },
    quiet: { type: "boolean", short: "q", summary: "errors only" },
  },
  details: `Reads every accepted dialect (v2, v1, the variant), and programs that make a document (.ts, .mts, .js, .mjs). Exit code 1 when a document has an error; warnings alone are fine.
With --config, the registry of a configuration is checked with its levels and limits, and its servers, rules and rate limits
are laid beside it; one at an address is fetched with what stands in registry.auth, tls and signature, and while its source is
away its copy is checked, which stderr says.
Each problem reads: file:line:column severity code pointer — what is wrong (what would be right).`,
  async run(given, io) {
    const isConfigured = given.text("config") !== undefined
    if (!isConfigured && given.arguments.length === 0) throw new UsageError("FILE is missing")
    let worst: ExitCode = 0
    const tell = (file: string, judged: Judged) => {
      if (given.flag("json")) io.out.write(`${JSON.stringify(asJson(file, judged))}\n`)
      else print(file, judged, given.flag("quiet"), io)
      if (judged.problems.some(({ severity }) => severity === "error")) worst = 1
    }
    for (const file of given.arguments) tell(file, await loadFile(file))
    const configured = isConfigured ? await loadConfigured(given, io) : undefined
    if (configured !== undefined) tell(configured.name, configured.judged)
    return isConfigured && configured === undefined ? 1 : worst
  },
}

/** Undefined when the problems of the configuration have been printed. */
async function loadConfigured(given: Given, io: Io) {
  const [{ readConfig }, { judgeConfigured }, { configuredRoutes }] = await Promise.all([
    import("./config-file.ts"), // documents alone need no configuration
    import("./configured-registry.ts"),
    import("../server/configured-routes.ts"),
  ])
  const read = readConfig(given, io, { isOffline: true })
  if (read === undefined) return
  const name = nameOf(read.config)
  const judged = await judgeConfigured(read.config, io)
  if (!judged.ok) return { name, judged: unread(judged.problem) }
  const { catalog, plans, problems } = judged.planned
  const unfit = catalog === undefined ? [] : configuredRoutes(read.config, catalog, plans).problems
  return { name, judged: { ...judged.planned, problems: [...problems, ...unfit] } }
}

const nameOf = ({ registry: { name, source } }: Config): string =>
  source.kind === "file" ? relative("", name) : name

const unread = (problem: Problem): Judged => ({
  problems: [problem],
  document: undefined,
  catalog: undefined,
})

/** A file that cannot be read is a problem of the document, like any other. */
async function loadFile(file: string): Promise<Judged> {
  const read = await readRegistry(file)
  return read.ok ? load(read) : unread(read.problem)
}

type Judged = Pick<Planned, "problems" | "document" | "catalog">

/** A document as its author wants it checked, without a configuration. */
export const load = ({ text, provenance }: RegistryText): Planned =>
  toEnd(
    loadPlanned(text, {
      ...provenance,
      knobs: authoring,
      limits: defaultLoadLimits,
      plans: defaultPlanLimits,
    }),
  )

const count = (loaded: Judged, severity: Severity) =>
  loaded.problems.filter((problem) => problem.severity === severity).length

function asJson(file: string, loaded: Judged): object {
  return {
    file,
    ok: count(loaded, "error") === 0,
    counts: counts(loaded),
    digest: loaded.catalog?.digest,
    problems: loaded.problems,
  }
}

function counts({ document }: Judged): Record<string, number> | undefined {
  if (document === undefined) return undefined
  const { schemas, servers, tools, agents } = document
  return {
    schemas: schemas.length,
    servers: servers.length,
    tools: tools.length,
    agents: agents.length,
  }
}

function print(file: string, loaded: Judged, isQuiet: boolean, io: Io): void {
  for (const problem of loaded.problems) {
    if (!isQuiet || problem.severity === "error") io.out.write(`${formatProblem(problem)}\n`)
  }
  const found = (["error", "warn", "info"] as const).map((s) => `${count(loaded, s)} ${s}`)
  const held = Object.entries(counts(loaded) ?? {}).map(([kind, n]) => `${n} ${kind}`)
  const verdict = count(loaded, "error") === 0 ? "sound" : "not sound"
  io.out.write(`${file}: ${verdict} — ${[...held, ...found].join(", ")}\n`)
}
