import { relative } from "node:path"
import { written } from "../../registry/model.ts"
import type { Drift } from "../../registry/pins/drift.ts"
import { type Lock, lockOf, type ServerPin, serverPin } from "../../registry/pins/lock.ts"
import { lockText } from "../../registry/pins/lock-text.ts"
import { ordersIn } from "../../registry/pins/orders.ts"
import { keptPins, withNewPins } from "../../registry/pins/update-lock.ts"
import type { Command, Io } from "../command.ts"
import { printable } from "../printable.ts"
import { driftLines } from "./drift-words.ts"
import { writeLockFile } from "./lock-file.ts"
import { type Prepared, prepare, surveyOptions } from "./prepare.ts"
import { nameOf } from "./survey.ts"

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
    if (isChanged && !writeLockFile(file, next, io)) return 1
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

interface Finding {
  readonly server: string
  /** Absent: it is about the server. */
  readonly tool?: string
  readonly state: "drifted" | "unpinned" | "stale" | "unseen"
  readonly drift?: Drift
  readonly reason?: string
}

interface Report {
  readonly ok: boolean
  readonly findings: readonly Finding[]
  /** What should be read twice, of what nobody has approved. */
  readonly notes: readonly string[]
}

function reportOf(prepared: Prepared, isCheck: boolean): Report {
  const findings = [
    ...prepared.surveyed.flatMap((one): Finding[] => {
      const server = nameOf(one.wanted)
      if (!one.ok) return one.isByDesign ? [] : [{ server, state: "unseen", reason: one.reason }]
      const { tools, words } = one.findings
      return [
        ...(words === undefined ? [] : [{ server, state: "drifted" as const, drift: words }]),
        ...[...tools].flatMap(([tool, { state, drift }]): Finding[] => {
          if (drift !== undefined) return [{ server, tool, state: "drifted", drift }]
          return isCheck && state === "unpinned" ? [{ server, tool, state }] : []
        }),
      ]
    }),
    ...(isCheck ? stale(prepared) : []),
  ]
  return { ok: findings.length === 0, findings, notes: notesOf(prepared) }
}

const notesOf = ({ surveyed }: Prepared): string[] =>
  surveyed.flatMap((one) => {
    if (!one.ok) return []
    const server = nameOf(one.wanted)
    return one.listed.flatMap((definition) => {
      const name = String(definition["name"])
      const finding = one.findings.tools.get(name)
      if (finding === undefined || (finding.approval !== undefined && finding.drift === undefined))
        return []
      return ordersIn(definition).map((words) => printable(`note: ${server} ${name} ${words}`))
    })
  })

/** Pins of what the registry has no more. */
const stale = ({ lock, wanted }: Prepared): Finding[] =>
  lock.servers.flatMap((pin) => {
    const one = wanted.find(({ server }) => written(server) === written(pin.server))
    const kept = one === undefined ? [] : keptPins(pin, one)
    const gone = pin.tools.filter((tool) => !kept.includes(tool))
    return gone.map(({ name }) => ({ server: written(pin.server), tool: name, state: "stale" }))
  })

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
  for (const finding of findings) for (const line of wordsOf(finding)) io.out.write(`${line}\n`)
  for (const note of notes) io.out.write(`${note}\n`)
  const verb = isCheck ? "checked" : isChanged ? "written" : "unchanged"
  const verdict = ok ? "all as it was pinned" : counted(findings.length, "finding")
  io.out.write(`${file}: ${verb} — ${counted(tools, "tool")}, ${verdict}\n`)
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`

function wordsOf({ server, tool, state, drift, reason }: Finding): string[] {
  const name = tool === undefined ? server : `${server} ${tool}`
  if (drift !== undefined) return [...driftLines(name, drift), ...hint(server, tool, drift)]
  if (state === "unseen") return [`${name}: could not be looked at: ${reason}`]
  const why = state === "stale" ? "is pinned, and not in the registry" : "is not pinned"
  return [`${name}: ${why} (postern lock mends that)`]
}

function hint(server: string, tool: string | undefined, { kinds }: Drift): string[] {
  if (kinds.includes("gone") || kinds.includes("renamed")) return []
  return [
    `    to accept it: postern lock approve ${server}${tool === undefined ? "" : ` ${tool}`} --reason "…"`,
  ]
}
