import { checkBom } from "../../portable/sbom/check-bom.ts"
import { diffBoms, isEmpty } from "../../portable/sbom/diff-boms.ts"
import type { Bom } from "../../portable/sbom/read/bom.ts"
import type { Command, Io } from "../command.ts"
import { printable, printableLine } from "../printable.ts"
import { readBomFile } from "./bom-file.ts"
import { diffWords } from "./diff-words.ts"

export const sbomDiff: Command = {
  name: "sbom diff",
  summary: "Say what changed from one SBOM to another: entities, digests, and what needs what",
  arguments: "A B",
  options: { json: { type: "boolean", summary: "one JSON object" } },
  details: `Reads what postern sbom export writes, and the two may be in different formats. Things are compared by kind, name
and version: + is new, - is gone, ~ is the same version with another digest. Exit code 0 when nothing differs, 1 when
something does, 2 when a file is no such SBOM or does not hold together.
Example: postern sbom diff release-1.cdx.json release-2.cdx.json`,
  async run(given, io) {
    const [before = "", after = ""] = given.arguments
    const old = soundBom(before, io)
    const now = soundBom(after, io)
    if (old === undefined || now === undefined) return 2
    const diff = diffBoms(old, now)
    const isEqual = isEmpty(diff)
    if (given.flag("json")) io.out.write(`${JSON.stringify({ equal: isEqual, ...diff })}\n`)
    else if (isEqual) io.out.write("no difference\n")
    else for (const line of diffWords(diff)) io.out.write(`${printableLine(line)}\n`)
    return isEqual ? 0 : 1
  },
}

/** Undefined when what is wrong with it has been printed. */
function soundBom(file: string, io: Io): Bom | undefined {
  const read = readBomFile(file)
  if (!read.ok) {
    io.err.write(`${printable(read.message)}\n`)
    return undefined
  }
  const problems = checkBom(read.bom)
  for (const { code, at, message } of problems.slice(0, 20))
    io.err.write(printable(`${file}: ${code} ${at} — ${message}\n`))
  return problems.length === 0 ? read.bom : undefined
}
