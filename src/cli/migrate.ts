import { programOf } from "../dsl/source/program.ts"
import { defaultLoadLimits } from "../registry/limits.ts"
import { toEnd } from "../registry/load.ts"
import { migrate as migrateDocument } from "../registry/migrate.ts"
import { formatProblem } from "../registry/print-problems.ts"
import { isExact } from "../registry/version.ts"
import { type Command, type Given, UsageError } from "./command.ts"
import { readRegistry } from "./registry-file.ts"
import { load } from "./validate.ts"
import { outputOption, writeOutput } from "./write-output.ts"

export const migrate: Command = {
  name: "migrate",
  summary:
    "Print a registry document of any accepted dialect as canonical version 2.0, or as a program",
  arguments: "FILE",
  options: {
    output: outputOption,
    to: {
      type: "string",
      value: "FORM",
      summary: "json, or typescript: a program that makes the document with the builder",
    },
    "assume-version": {
      type: "string",
      value: "VERSION",
      summary: "give it to every entity that has no version; otherwise none is invented",
    },
  },
  details: `References are pinned to what they resolve to, implied servers and derived depends are written out. Migrating the
result again changes nothing. Problems of the document go to stderr; exit code 1 when it has an error, and then
nothing is written.`,
  async run(given, io) {
    const [file = ""] = given.arguments
    const assumeVersion = given.text("assume-version")
    if (assumeVersion !== undefined && !isExact(assumeVersion)) {
      throw new UsageError(
        `--assume-version: ${JSON.stringify(assumeVersion)} is not an exact version, such as 1.0.0`,
      )
    }
    const form = formOf(given)
    const read = await readRegistry(file)
    if (!read.ok) {
      io.err.write(`${formatProblem(read.problem)}\n`)
      return 1
    }
    const { problems } = load(read)
    const errors = problems.filter(({ severity }) => severity === "error")
    for (const problem of problems) io.err.write(`${formatProblem(problem)}\n`)
    if (errors.length > 0) return 1
    const options = {
      limits: defaultLoadLimits,
      ...(assumeVersion !== undefined && { assumeVersion }),
    }
    const document = toEnd(migrateDocument(read.text, options))
    if (document === undefined) return 1 // its problems are printed
    const text = form === "json" ? `${JSON.stringify(document, null, 2)}\n` : programOf(document)
    return writeOutput(text, given.text("output"), io)
  },
}

function formOf(given: Given): "json" | "typescript" {
  const form = given.text("to") ?? "json"
  if (form === "json" || form === "typescript") return form
  throw new UsageError("--to: one of json, typescript")
}
