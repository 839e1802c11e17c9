import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statfsSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { JournalTrouble } from "../../compose/run/durable/journal.ts"
import { troubleOf } from "./sqlite-trouble.ts"

/** "PoRJ": says what the file is. */
const applicationId = 0x50_6f_52_4a
/** Of the tables. A file of another one is not touched. */
const schemaVersion = 2
const pageBytes = 4096

/**
 * compositions §10.3; texts that begin with `@` are the digests of blobs. Events stand by the place of their run, not by its
 * id, which is random: what is written at the same time is then on the same few pages.
 */
const tables = `
  CREATE TABLE run (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT UNIQUE, tool TEXT NOT NULL, version TEXT, plan TEXT NOT NULL,
    registry TEXT NOT NULL, principal TEXT NOT NULL, input TEXT NOT NULL, input_digest TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, owner TEXT, epoch INTEGER NOT NULL, lease_until INTEGER,
    recoveries INTEGER NOT NULL, deadline INTEGER, result TEXT, trace TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT;
  CREATE INDEX run_open ON run (created) WHERE status IN ('running', 'waiting', 'compensating');
  CREATE INDEX run_status ON run (status, created);
  CREATE INDEX run_created ON run (created, id);
  CREATE TABLE event (
    run INTEGER NOT NULL, seq INTEGER NOT NULL, step TEXT NOT NULL, kind TEXT NOT NULL,
    attempt INTEGER, data TEXT NOT NULL, t INTEGER NOT NULL,
    PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
  CREATE INDEX event_blob ON event (data) WHERE substr(data, 1, 1) = '@';
  CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE tomb (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, input_digest TEXT NOT NULL, status TEXT NOT NULL,
    ended INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE once (
    key TEXT PRIMARY KEY, run TEXT NOT NULL, step TEXT NOT NULL, scope TEXT NOT NULL,
    outcome TEXT, until INTEGER) STRICT, WITHOUT ROWID;
`

export interface SqliteOptions {
  /** `NORMAL` survives a killed process and no power failure. */
  readonly synchronous?: "FULL" | "NORMAL"
  /** The file may grow so far. */
  readonly bytesMax?: number
  /** Another process that holds the file is waited for so long. */
  readonly busyMs?: number
}

/** Opens the file, or makes it. Throws a {@link JournalTrouble} for what cannot be used. */
export function openDatabase(file: string, options: SqliteOptions): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    prepareFolder(file)
    const isNew = !existsSync(file)
    if (isNew) closeSync(openSync(file, "a", 0o600))
    db = new DatabaseSync(file, { timeout: options.busyMs ?? 2_000 })
    configure(db, options)
    checkKind(db, file)
    if (isNew) syncFolder(file)
    return db
  } catch (cause) {
    db?.close()
    if (cause instanceof JournalTrouble) throw cause
    throw troubleOf(file, cause) ?? unusable(file, cause)
  }
}

function configure(db: DatabaseSync, { synchronous = "FULL", bytesMax }: SqliteOptions): void {
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
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

/** Locks of SQLite do not hold on network file systems (sqlite.org/faq.html#q5): NFS, SMB and CIFS by their magic. */
const networked: ReadonlySet<number> = new Set([0x69_69, 0x51_7b, 0xff_53_4d_42, 0xfe_53_4d_42])

function prepareFolder(file: string): void {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true })
  if (networked.has(statfsSync(folder).type))
    throw new JournalTrouble(
      `${file} is on a network file system, where its locks do not hold; use a local disk, or PostgreSQL`,
      { kind: "other" },
    )
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

function unusable(file: string, cause: unknown): JournalTrouble {
  const words = cause instanceof Error ? cause.message : String(cause)
  return new JournalTrouble(`the run journal ${file} cannot be opened: ${words}`, {
    kind: "io",
    cause,
  })
}
