import { relative } from "node:path"
import { type Lock, lockOf, type ServerPin, serverPin } from "../../registry/pins/lock.ts"
import { lockText } from "../../registry/pins/lock-text.ts"
import { keptPins, withNewPins } from "../../registry/pins/update-lock.ts"
import type { Command, Io } from "../command.ts"
import { counted } from "../counted.ts"
import { printableLine } from "../printable.ts"
import { writeLock } from "./lock-file.ts"
import { type Prepared, prepare, surveyOptions } from "./prepare.ts"
import { findingLines, type Report, reportOf } from "./report.ts"

export const lock: Command = {
  name: "lock",
  summary: "Pin what the servers say of their tools, or check that they still say it",
  arguments: "[SERVER…]",
  options: {
    ...surveyOptions,
    check: { type: "boolean", summary: "write nothing; exit 1 where the lock and a server differ" },
    json: { type: "boolean", summary: "one JSON object" },
  },
  details: `Connects to the servers of the configuration, or to those named, and writes the lock file: each tool that the registry
knows, as its server defines it now. What is pinned already stays as it is, whatever the server says: what changed is shown, place by
place, and postern lock approve accepts it. A server that cannot be reached keeps its pins.
Exit code 1 when something is not as it was pinned, holds hidden text, or could not be looked at.`,
  async run(given, io) {
    const prepared = await prepare(given, io, given.arguments)
    if (prepared === undefined) return 1
    const isCheck = given.flag("check")
    const next = isCheck ? prepared.lock : withAll(prepared)
    const { file, isChanged } = outcomeOf(prepared, next)
    if (isChanged && !writeLock(prepared, next, io)) return 1
    const report = reportOf(prepared, isCheck)
    if (given.flag("json")) io.out.write(`${JSON.stringify({ lock: file, ...report })}\n`)
    else say(report, { file: relative("", file), isCheck, isChanged, tools: countTools(next) }, io)
    return report.ok ? 0 : 1
  },
}

const outcomeOf = ({ config, lock }: Prepared, next: Lock) => ({
  file: config.registry.lock,
  isChanged: lockText(next) !== lockText(lock),
})

const countTools = ({ servers }: Lock) => servers.reduce((sum, { tools }) => sum + tools.length, 0)

/** The lock with all that can be pinned without a second look, and without what nobody wants any more. */
function withAll({ config, lock, surveyed, wanted }: Prepared): Lock {
  const { volatileMeta } = config.registry
  const pins = wanted.flatMap((one): ServerPin[] => {
    const found = surveyed.find(({ wanted: server }) => server === one)
    if (found?.ok) return [withNewPins(found, { volatileMeta })]
    const pin = serverPin(lock, one.server)
    return pin === undefined ? [] : [{ ...pin, tools: keptPins(pin, one) }]
  })
  return lockOf(pins)
}

interface Written {
  readonly file: string
  readonly isCheck: boolean
  readonly isChanged: boolean
  readonly tools: number
}

function say(
  { ok, findings, notes }: Report,
  { file, isCheck, isChanged, tools }: Written,
  io: Io,
): void {
  for (const finding of findings)
    for (const line of findingLines(finding)) io.out.write(`${printableLine(line)}\n`)
  for (const note of notes) io.out.write(`${printableLine(note)}\n`)
  const verb = isCheck ? "checked" : isChanged ? "written" : "unchanged"
  const verdict = ok ? "all as it was pinned" : counted(findings.length, "finding")
  io.out.write(`${file}: ${verb} — ${counted(tools)}, ${verdict}\n`)
}
