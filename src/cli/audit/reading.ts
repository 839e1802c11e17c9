import { statSync } from "node:fs"
import type { AuditEntry } from "../../server/audit/entry.ts"
import { readAudit } from "../../server/audit/read.ts"
import type { Io } from "../command.ts"
import { printable } from "../printable.ts"

const findingsShown = 5
const progressBytes = 64 * 1024 * 1024

/**
 * Gives each record of audit files to `onEntry`, and says on stderr what is wrong with them and, on a terminal, how far it
 * is. A chain that does not hold does not end the report. Returns false when a file could not be read, or holds lines and
 * not one record: a report on what is no audit would say that nobody ever called.
 */
export async function readFiles(
  files: readonly string[],
  onEntry: (entry: AuditEntry) => void,
  io: Io,
): Promise<boolean> {
  const audits = new Set<string>()
  const { findings } = await readAudit(files, {
    begins: "in each file",
    onEntry: (entry) => {
      audits.add(entry.file)
      onEntry(entry)
    },
    onBytes: progress(files, io),
  })
  for (const { file, line, code, message } of findings.slice(0, findingsShown))
    io.err.write(`${printable(file)}:${line} ${code} — ${message}\n`)
  const more = findings.length - findingsShown
  if (more > 0) io.err.write(`… and ${more} more; postern audit verify says what they are\n`)
  const strange = findings.filter(({ code }) => code === "not_a_record")
  const foreign = new Set(strange.map(({ file }) => file)).difference(audits)
  for (const file of foreign) io.err.write(`${printable(file)}: holds no record of an audit\n`)
  return foreign.size === 0 && findings.every(({ code }) => code !== "unreadable")
}

function progress(files: readonly string[], { err }: Io): (bytes: number) => void {
  if (err.isTTY !== true) return () => {}
  const total = files.reduce((sum, file) => sum + sizeOf(file), 0)
  let done = 0
  let told = 0
  return (bytes) => {
    done += bytes
    if (done - told < progressBytes) return
    told = done
    err.write(`${megabytes(done)} of ${megabytes(total)} MB read\n`)
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1_000_000)

/** Pipes have none, and what cannot be read is told when it is. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
