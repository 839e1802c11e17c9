import { readAudit } from "../../server/audit/read.ts"
import type { Command } from "../command.ts"
import { printableLine } from "../printable.ts"

/** As many as a person reads: `--json` has everything. */
const rowsMax = 100

export const auditVerify: Command = {
  name: "audit verify",
  summary: "Check the hash chain of audit files: nothing changed, removed, inserted or moved",
  arguments: "FILE…",
  options: {
    expect: {
      type: "string",
      value: "HASH",
      summary: "the hash of a record kept elsewhere; only that shows a cut-off end",
    },
    json: { type: "boolean", summary: "one JSON object" },
  },
  details: `Name the files in the order in which they continue each other. Exit code 1 when the chain does not hold; each
finding names file, line and sequence number. Calls that began and have no end are listed: they were in flight.`,
  async run(given, io) {
    const expect = given.text("expect")
    const verified = await readAudit(given.arguments, expect === undefined ? {} : { expect })
    const { findings, head, openBegins, records } = verified
    if (given.flag("json")) io.out.write(`${JSON.stringify(verified)}\n`)
    else {
      const show = (lines: readonly string[]) => {
        for (const line of lines.slice(0, rowsMax)) io.out.write(`${printableLine(line)}\n`)
        const more = lines.length - rowsMax
        if (more > 0) io.out.write(`… and ${more} more, with --json\n`)
      }
      show(findings.map(({ file, line, code, message }) => `${file}:${line} ${code} — ${message}`))
      show(
        openBegins.map(({ file, line, id }) => `${file}:${line} in flight — call ${id} has no end`),
      )
      const verdict = findings.length === 0 ? "the chain holds" : `${findings.length} findings`
      io.out.write(`${records} records, ${verdict}; head ${head.seq} ${head.hash}\n`)
    }
    return findings.length === 0 ? 0 : 1
  },
}
