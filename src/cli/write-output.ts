import { writeFileSync } from "node:fs"
import type { ExitCode, Io, Option } from "./command.ts"

export const outputOption: Option = {
  type: "string",
  short: "o",
  value: "FILE",
  summary: "write it there instead of stdout",
}

/** To the file that `--output` names, or to stdout. */
export function writeOutput(text: string, output: string | undefined, io: Io): ExitCode {
  if (output === undefined) {
    io.out.write(text)
    return 0
  }
  try {
    writeFileSync(output, text)
    return 0
  } catch (error) {
    io.err.write(
      `${output} cannot be written: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    return 1
  }
}
