import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statfsSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { JournalTrouble } from "../../../compose/run/durable/journal.ts"
import { troubleOf } from "./trouble.ts"

/** "PoRJ": says what the file is. */
const applicationId = 0x50_6f_52_4a
/** Of the tables. A file of another one is not touched. */
const schemaVersion = 4
const pageBytes = 4096
/** The write-ahead log is put into the file when it is so long (64 MiB): a few pages are written by almost every commit, and go there once. */
const logPages = 16_000

/**
 * compositions §10.3, but that events stand as they were written: those of one append in one row, one append behind the
 * other, so that what is written at the same time is on the same few pages. Texts that begin with `@` are the digests of blobs.
 */
const tables = `
  CREATE TABLE run (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT UNIQUE, tool TEXT NOT NULL, version TEXT, plan TEXT NOT NULL,
    registry TEXT NOT NULL, principal TEXT NOT NULL, input TEXT NOT NULL, input_digest TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, owner TEXT, epoch INTEGER NOT NULL, lease_until INTEGER,
    recoveries INTEGER NOT NULL, deadline INTEGER, result TEXT, trace TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT;
  CREATE INDEX run_status ON run (status, created);
  CREATE INDEX run_created ON run (created, id);
  CREATE INDEX run_input ON run (input) WHERE substr(input, 1, 1) = '@';
  CREATE INDEX run_result ON run (result) WHERE substr(result, 1, 1) = '@';
  CREATE TABLE entry (place INTEGER PRIMARY KEY, run INTEGER NOT NULL, events TEXT NOT NULL) STRICT;
  CREATE INDEX entry_run ON entry (run);
  CREATE INDEX entry_blob ON entry (events) WHERE substr(events, 1, 1) = '@';
  CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE tomb (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, input_digest TEXT NOT NULL, status TEXT NOT NULL,
    ended INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX tomb_ended ON tomb (ended);
  CREATE TABLE once (
    key TEXT PRIMARY KEY, run TEXT NOT NULL, step TEXT NOT NULL, scope TEXT NOT NULL,
    outcome TEXT, until INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX once_until ON once (until) WHERE outcome IS NOT NULL;
  CREATE INDEX once_outcome ON once (outcome) WHERE substr(outcome, 1, 1) = '@';
`

export interface SqliteOptions {
  /** `NORMAL` survives a killed process and no power failure. */
  readonly synchronous?: "FULL" | "NORMAL"
  /** The file may grow so far. */
  readonly bytesMax?: number
  /** Another process that writes to the file is waited for so long, and no run goes on meanwhile. */
  readonly busyMs?: number
  /** A disk that has not answered for so long is in trouble. */
  readonly silentMs?: number
}

const defaultBusyMs = 100
/** At the start, when nobody waits for anything else. */
const startBusyMs = 2_000

/** Opens a file that is sound. */
export function connect(file: string, options: SqliteOptions): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: options.busyMs ?? defaultBusyMs })
  configure(db, options)
  return db
}

/** Opens the file, or makes it, and looks whether it is sound. Throws a {@link JournalTrouble} for what cannot be used. */
export function openDatabase(file: string, options: SqliteOptions): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    const isNew = !existsSync(file)
    if (isNew) closeSync(openSync(file, "a", 0o600))
    db = connect(file, { busyMs: startBusyMs, ...options })
    checkKind(db, file)
    if (isNew) syncFolder(file)
    return db
  } catch (cause) {
    db?.close()
    throw openingTrouble(file, cause)
  }
}

function configure(db: DatabaseSync, { synchronous = "FULL", bytesMax }: SqliteOptions): void {
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  db.exec(`PRAGMA wal_autocheckpoint = ${logPages}`)
  if (bytesMax !== undefined)
    db.exec(`PRAGMA max_page_count = ${Math.max(32, Math.floor(bytesMax / pageBytes))}`)
}

/** The file is a journal of this version, or empty and becomes one. */
function checkKind(db: DatabaseSync, file: string): void {
  const found = numberOf(db, "application_id")
  const version = numberOf(db, "user_version")
  if (found === 0 && version === 0 && numberOf(db, "schema_version") === 0) {
    db.exec(`BEGIN IMMEDIATE; ${tables}
      PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`)
    return
  }
  if (found !== applicationId)
    throw new JournalTrouble(`${file} is no run journal of Postern; name another file`, {
      kind: "other",
    })
  if (version !== schemaVersion)
    throw new JournalTrouble(
      `${file} is a run journal of version ${version}, and this Postern has version ${schemaVersion}; ` +
        "let the Postern that wrote it finish its runs, or name another file",
      { kind: "other" },
    )
  const [damage] = db.prepare("PRAGMA quick_check(1)").all()
  const words = Object.values(damage ?? {})[0]
  if (words !== "ok")
    throw new JournalTrouble(`the run journal ${file} is damaged: ${words}`, { kind: "corrupt" })
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
}

/**
 * Locks of SQLite do not hold on network file systems (sqlite.org/faq.html#q5): NFS, SMB, CIFS, SMB2, AFS, Ceph and Lustre by
 * their magic (statfs(2)).
 */
const networked: ReadonlySet<number> = new Set([
  ...[0x69_69, 0x51_7b, 0xff_53_4d_42, 0xfe_53_4d_42, 0x53_46_41_4f, 0xc3_64_00, 0xb_d0_0b_d0],
])

/** Makes the folder of the file. Throws a {@link JournalTrouble} where it cannot be made, or the file cannot be there. */
export function prepareFolder(file: string): void {
  if (networked.has(fileSystemOf(dirname(file))))
    throw new JournalTrouble(
      `${file} is on a network file system, where its locks do not hold; use a local disk, or PostgreSQL`,
      { kind: "other" },
    )
}

function fileSystemOf(folder: string): number {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return statfsSync(folder).type
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    const message = `the folder of the run journal ${folder} cannot be made or looked into: ${words}`
    throw new JournalTrouble(message, { kind: "read-only", cause })
  }
}

/** A new file is there after a power failure only when its folder is written, too. */
function syncFolder(file: string): void {
  const folder = openSync(dirname(file), "r")
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Whatever kept it from being opened, as what an operator can mend. */
export function openingTrouble(file: string, cause: unknown): JournalTrouble {
  const known = cause instanceof JournalTrouble ? cause : troubleOf(file, cause)
  if (known !== undefined) return known
  const words = cause instanceof Error ? cause.message : String(cause)
  return new JournalTrouble(`the run journal ${file} cannot be opened: ${words}`, {
    kind: "io",
    cause,
  })
}
