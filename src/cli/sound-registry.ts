import type { Planned } from "../compose/load.ts"
import type { Catalog } from "../registry/catalog.ts"
import type { Details } from "../registry/details.ts"
import { formatProblem } from "../registry/print-problems.ts"
import type { Config } from "../server/config/config.ts"
import type { Given, Io } from "./command.ts"
import { readConfig } from "./config-file.ts"
import { judgeConfigured } from "./configured-registry.ts"
import { readRegistry } from "./registry-file.ts"
import { load } from "./validate.ts"

/** A registry without errors, and what came with it. */
export interface Sound extends Pick<Planned, "plans"> {
  readonly file: string
  readonly catalog: Catalog
  readonly details: Details
}

/** The document that a command names in `[FILE]`, as its author checks it, or else the one of the configuration. */
export async function namedRegistry(given: Given, io: Io): Promise<Sound | undefined> {
  const [file] = given.arguments
  if (file !== undefined) return soundFile(file, io)
  const read = readConfig(given, io, { isOffline: true })
  return read && configuredRegistry(read.config, io)
}

/** A document as its author checks it; undefined when its problems have been printed. */
export async function soundFile(file: string, io: Io): Promise<Sound | undefined> {
  const read = await readRegistry(file)
  if (read.ok) return soundOf(file, load(read), io)
  io.err.write(`${formatProblem(read.problem)}\n`)
  return undefined
}

/** The document that a gateway with this configuration serves; undefined when its problems have been printed. */
export async function configuredRegistry(config: Config, io: Io): Promise<Sound | undefined> {
  const judged = await judgeConfigured(config, io)
  if (judged.ok) return soundOf(config.registry.name, judged.planned, io)
  io.err.write(`${formatProblem(judged.problem)}\n`)
  return undefined
}

function soundOf(file: string, planned: Planned, io: Io): Sound | undefined {
  const { catalog, details, plans, problems } = planned
  for (const problem of problems)
    if (problem.severity === "error") io.err.write(`${formatProblem(problem)}\n`)
  return catalog && details && { file, catalog, details, plans }
}
