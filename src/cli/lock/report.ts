import { written } from "../../registry/model.ts"
import type { Drift } from "../../registry/pins/drift.ts"
import { ordersIn } from "../../registry/pins/orders.ts"
import { keptPins } from "../../registry/pins/update-lock.ts"
import { driftLines } from "./drift-words.ts"
import type { Prepared } from "./prepare.ts"
import { nameOf, type Surveyed } from "./survey.ts"

/** Something that keeps the lock from being all that servers say. */
export interface Finding {
  readonly server: string
  /** Absent: it is about the server. */
  readonly tool?: string
  readonly state: "drifted" | "unpinned" | "stale" | "unseen"
  readonly drift?: Drift
  readonly reason?: string
}

export interface Report {
  readonly ok: boolean
  readonly findings: readonly Finding[]
  /** What should be read twice, of what nobody has approved. */
  readonly notes: readonly string[]
}

export function reportOf(prepared: Prepared, isCheck: boolean): Report {
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
  surveyed.flatMap((one) => (one.ok ? [...notesOn(one)] : []))

function* notesOn({ wanted, findings, listed, dropped }: Surveyed & { readonly ok: true }) {
  const server = nameOf(wanted)
  for (const definition of listed) {
    const finding = findings.tools.get(String(definition["name"]))
    const isApproved = finding?.approval !== undefined && finding.drift === undefined
    if (finding === undefined || isApproved) continue
    for (const words of ordersIn(definition)) yield `note: ${server} ${definition["name"]} ${words}`
  }
  for (const name of wanted.tools.keys()) {
    if (findings.tools.has(name)) continue
    const isDropped = dropped.includes(name)
    yield `note: ${server} ${isDropped ? `describes ${name} in a way that clients must drop` : `does not list ${name}, which the registry has`}`
  }
}

/** Pins of what the registry has no more. */
const stale = ({ lock, wanted }: Prepared): Finding[] =>
  lock.servers.flatMap((pin) => {
    const one = wanted.find(({ server }) => written(server) === written(pin.server))
    const kept = one === undefined ? [] : keptPins(pin, one)
    const gone = pin.tools.filter((tool) => !kept.includes(tool))
    return gone.map(({ name }) => ({ server: written(pin.server), tool: name, state: "stale" }))
  })

/** A finding for people, and what to do about it. */
export function findingLines({ server, tool, state, drift, reason }: Finding): string[] {
  const name = tool === undefined ? server : `${server} ${tool}`
  if (drift !== undefined) return [...driftLines(name, drift), ...hint(server, tool, drift)]
  if (state === "unseen") return [`${name}: could not be looked at: ${reason}`]
  const why = state === "stale" ? "is pinned, and not in the registry" : "is not pinned"
  return [`${name}: ${why} (postern lock mends that)`]
}

function hint(server: string, tool: string | undefined, { hidden, kinds }: Drift): string[] {
  if (kinds.includes("gone") || kinds.includes("renamed")) return []
  const isSeen = kinds.includes("words") || kinds.includes("schema")
  const isForCallers = tool !== undefined && isSeen && hidden.length === 0 // which import does not take
  return [
    `    to accept it: postern lock approve ${server}${tool === undefined ? "" : ` ${tool}`} --reason "…"`,
    ...(isForCallers ? ["    to show callers what is new, too: postern import"] : []),
  ]
}
