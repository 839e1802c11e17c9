import { dirname, join, relative } from "node:path"
import { type Config, printProblem } from "../../src/server/config/config.ts"
import { parseConfig } from "../../src/server/config/parse.ts"
import { defaultLimits, limitNames } from "../../src/server/limits.ts"
import { goldenFiles } from "../golden.ts"

const env = {
  PORT: "4000",
  SECRET: "s3cret-of-some-forty-characters-in-length",
  NUMBER: "007",
  EMPTY: "",
}
const folder = join(import.meta.dirname, "../golden/config")

goldenFiles(folder, (input, name) => {
  const parsed = parseConfig(join(folder, `${name}.yaml`), input, env)
  const lines = parsed.ok ? parsed.warnings : parsed.problems
  const printed = lines.map((problem) =>
    printProblem({ ...problem, file: relative(folder, problem.file) }),
  )
  return parsed.ok ? [print(parsed.config), ...printed].join("\n") : printed.join("\n")
})

/** As JSON, with paths relative to the folder and of the limits only those that were moved. */
function print({ limits, ...config }: Config): string {
  const moved = limitNames.filter((name) => limits[name] !== defaultLimits[name])
  const shown = { ...config, limits: Object.fromEntries(moved.map((name) => [name, limits[name]])) }
  const plain = (_: string, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value
  const text = JSON.stringify(shown, plain, 2)
  return text.replaceAll(folder, "FOLDER").replaceAll(dirname(folder), "PARENT")
}
