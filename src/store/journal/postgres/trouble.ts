import { JournalTrouble, type TroubleKind } from "../../../compose/run/durable/journal.ts"

/** By SQLSTATE (PostgreSQL, appendix A), the whole code or its class. */
const kinds: ReadonlyMap<string, TroubleKind> = new Map([
  ["08", "unreachable"],
  ["25006", "read-only"],
  ["28", "unreachable"],
  ["3D", "unreachable"],
  ["53100", "full"],
  ["53", "busy"],
  ["55", "busy"],
  ["57014", "busy"],
  ["57", "unreachable"],
  ["58", "io"],
  ["40", "busy"],
  ["42501", "forbidden"],
  ["3F000", "missing"],
  ["42P01", "missing"],
  ["XX", "corrupt"],
])

const advice: { readonly [kind in TroubleKind]: string } = {
  full: "make room on the disk of the database",
  busy: "it has too much to do, or something holds its tables",
  io: "look at the disk of the database",
  corrupt: "the database is damaged: restore a copy",
  "read-only": "it is a standby, or was made read-only: name the primary in state.runs",
  forbidden:
    "give the role that Postern connects as the right to create a schema in the database, or make the schema postern and let it own that",
  missing: "its tables were taken away: restore them, or start again to have them made",
  unreachable: "look whether the database runs, and who may connect to it",
  closed: "the gateway is shutting down",
  other: "see the words before",
}

/** Errors of the network that have no SQLSTATE. */
const lost = /^(?:ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET)/

/** What `pg` says of a connection that ended: it gives no code to those. */
const ended = /connection|timeout|not queryable|client has encountered/i

/** What the driver threw, as what it means for the journal; anything else is a bug and stays as it is. */
export function troubleOf(cause: unknown): JournalTrouble | undefined {
  if (!(cause instanceof Error)) return
  if (cause instanceof JournalTrouble) return cause
  const kind = kindOf(cause)
  if (kind === undefined) return
  const message = `the run journal cannot be used (${wordsOf(cause)}); ${advice[kind]}`
  return new JournalTrouble(message, { kind, cause })
}

function kindOf(cause: Error): TroubleKind | undefined {
  const code = "code" in cause ? String(cause.code) : ""
  if (/^[0-9A-Z]{5}$/.test(code) && !lost.test(code)) {
    if (kinds.has(code)) return kinds.get(code)
    if (code.startsWith("22") || code.startsWith("42")) return // a statement of ours is wrong
    return kinds.get(code.slice(0, 2)) ?? "other"
  }
  return lost.test(code) || ended.test(cause.message) ? "unreachable" : undefined
}

/** Several addresses that were tried in vain give an error without words of its own. */
const wordsOf = (cause: Error): string =>
  cause instanceof AggregateError
    ? cause.errors.map((one) => (one instanceof Error ? one.message : String(one))).join("; ")
    : cause.message
