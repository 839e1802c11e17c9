import { JournalTrouble, type TroubleKind } from "../../../compose/run/durable/journal.ts"

/** By SQLite's primary result codes (sqlite.org/rescode.html). */
const kinds: ReadonlyMap<number, TroubleKind> = new Map([
  [5, "busy"],
  [6, "busy"],
  [8, "read-only"],
  [10, "io"],
  [11, "corrupt"],
  [13, "full"],
  [14, "io"],
  [26, "corrupt"],
])

const advice: { readonly [kind in TroubleKind]?: string } = {
  full: "make room on its disk, or raise limits.runJournalBytes",
  busy: "another process holds it; close what reads or copies it",
  io: "look at its disk and at the permissions of its folder",
  corrupt: "it is damaged: keep the file, and restore a copy or begin a new one",
  "read-only": "make the file and its folder writable",
}

/** What SQLite threw, as what it means for the journal; anything else is a bug and stays as it is. */
export function troubleOf(file: string, cause: unknown): JournalTrouble | undefined {
  if (!(cause instanceof Error) || !("errcode" in cause)) return
  const kind = kinds.get(Number(cause.errcode) & 0xff) ?? "other"
  const message = `the run journal ${file} cannot be used (${cause.message}); ${advice[kind] ?? "see the words before"}`
  return new JournalTrouble(message, { kind, cause })
}
