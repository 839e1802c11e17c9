import { join } from "node:path"
import { formatProblems } from "../../src/registry/print-problems.ts"
import { goldenFiles } from "../golden.ts"
import { readText } from "../support/registry-reading.ts"

goldenFiles(join(import.meta.dirname, "../golden/registry-read"), (input, name) =>
  formatProblems(readText(input).problems.map((problem) => ({ ...problem, file: `${name}.json` }))),
)
