import { loadPlanned, type Planned } from "../compose/load.ts"
import { defaultPlanLimits } from "../compose/plan/limits.ts"
import { authoring } from "../registry/draft.ts"
import { defaultLoadLimits } from "../registry/limits.ts"
import { toEnd } from "../registry/load.ts"
import { formatProblem } from "../registry/print-problems.ts"
import type { Severity } from "../registry/problem.ts"
import type { Command, ExitCode, Io } from "./command.ts"
import { type RegistryText, readRegistry } from "./registry-file.ts"

export const validate: Command = {
  name: "validate",
  summary: "Check registry documents and say what is wrong, where, and what would be right",
  arguments: "FILE…",
  options: {
    json: { type: "boolean", summary: "one JSON object per document" },
    quiet: { type: "boolean", short: "q", summary: "errors only" },
  },
  details: `Reads every accepted dialect (v2, v1, the variant), and programs that make a document (.ts, .mts, .js, .mjs). Exit code 1 when a document has an error; warnings alone are fine.
Each problem reads: file:line:column severity code pointer — what is wrong (what would be right).`,
  async run(given, io) {
    let worst: ExitCode = 0
    for (const file of given.arguments) {
      const loaded = await loadFile(file)
      if (given.flag("json")) io.out.write(`${JSON.stringify(asJson(file, loaded))}\n`)
      else print(file, loaded, given.flag("quiet"), io)
      if (loaded.problems.some(({ severity }) => severity === "error")) worst = 1
    }
    return worst
  },
}

/** A file that cannot be read is a problem of the document, like any other. */
async function loadFile(file: string): Promise<Judged> {
  const read = await readRegistry(file)
  if (!read.ok) return { problems: [read.problem], document: undefined, catalog: undefined }
  return load(read)
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
