import { verifyAudit } from "../../server/audit/verify.ts"
import type { Command } from "../command.ts"
import { printable } from "../printable.ts"

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
    const verified = await verifyAudit(given.arguments, expect === undefined ? {} : { expect })
    const { findings, head, openBegins, records } = verified
    if (given.flag("json")) io.out.write(`${JSON.stringify(verified)}\n`)
    else {
      for (const { file, line, code, message } of findings)
        io.out.write(`${file}:${line} ${code} — ${message}\n`)
      for (const { file, line, id } of openBegins)
        io.out.write(`${file}:${line} in flight — call ${printable(id)} has no end\n`)
      const verdict = findings.length === 0 ? "the chain holds" : `${findings.length} findings`
      io.out.write(`${records} records, ${verdict}; head ${head.seq} ${head.hash}\n`)
    }
    return findings.length === 0 ? 0 : 1
  },
}
