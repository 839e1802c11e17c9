import { existsSync } from "node:fs"
import { type Config, printProblem } from "../server/config/config.ts"
import { loadConfig, type ParseOptions } from "../server/config/parse.ts"
import type { Option } from "./command.ts"
import { type Given, type Io, UsageError } from "./command.ts"

export const configOption: Option = {
  type: "string",
  short: "c",
  value: "FILE",
  summary: "the configuration; otherwise POSTERN_CONFIG, postern.yaml or config/postern.yaml",
}

const usual = ["postern.yaml", "config/postern.yaml"]

/** The configuration that is named or lies where one usually does; undefined where there is none. */
export const findConfig = (given: Given, io: Io): string | undefined =>
  given.text("config") ?? io.env["POSTERN_CONFIG"] ?? usual.find((path) => existsSync(path))

/**
 * The configuration a command is to work with; undefined when its problems have been printed. One that starts and connects
 * to nothing (`isOffline`) needs none of the secrets that a gateway needs.
 */
export function readConfig(
  given: Given,
  io: Io,
  options: ParseOptions = {},
): { config: Config; warnings: string[] } | undefined {
  const file = findConfig(given, io)
  if (file === undefined) {
    throw new UsageError(
      `no configuration: there is no ${usual.join(" and no ")} here; name one with --config FILE`,
    )
  }
  const parsed = loadConfig(file, io.env, options)
  if (parsed.ok) return { config: parsed.config, warnings: parsed.warnings.map(printProblem) }
  for (const problem of parsed.problems) io.err.write(`${printProblem(problem)}\n`)
  return undefined
}
