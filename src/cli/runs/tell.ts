import type { JsonObject } from "../../schema/json.ts"
import type { ExitCode, Given, Io } from "../command.ts"
import { printable, printableLine } from "../printable.ts"
import type { Reached } from "./reach.ts"

/** Prints what was found, or why nothing was, unless that has been printed. */
export function tell(
  found: Reached | undefined,
  words: (value: JsonObject) => Iterable<string>,
  given: Given,
  io: Io,
): ExitCode {
  if (found === undefined) return 1
  if (!found.ok) {
    io.err.write(`${printable(found.message)}\n`)
    return 1
  }
  if (given.flag("json")) io.out.write(`${JSON.stringify(found.value)}\n`)
  else for (const line of words(found.value)) io.out.write(`${printableLine(line)}\n`)
  return 0
}
