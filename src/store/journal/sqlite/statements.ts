import type { DatabaseSync, StatementSync } from "node:sqlite"
import { runColumns } from "../rows.ts"

const isOpenRow = "status IN ('running', 'waiting', 'compensating')"
/** What has ended keeps its owner: there may be millions of those, and no index of owners. */
export const isUnfinished = "status IN ('running', 'waiting', 'compensating', 'parked')"
const isOfPage = `(:tool IS NULL OR tool = :tool) AND (created, id) < (:created, :id)
    ORDER BY created DESC, id DESC LIMIT :max`
const isFree = "(owner IS NULL OR owner = :owner OR lease_until < :now)"
const places = runColumns.replaceAll(/\w+/g, "?")

const texts = {
  insertRun: `INSERT INTO run (${runColumns}) VALUES (${places})`,
  insertEntry: "INSERT INTO entry (run, events) VALUES (?, ?)",
  stands: "SELECT 1 FROM run WHERE id = ? AND epoch = ? AND status = ?",
  owned: "SELECT place FROM run WHERE id = ? AND epoch = ?",
  changeRun: `UPDATE run SET status = coalesce(?, status),
    reason = CASE WHEN ? THEN ? ELSE reason END, deadline = CASE WHEN ? THEN ? ELSE deadline END,
    result = coalesce(?, result), recoveries = coalesce(?, recoveries), updated = coalesce(?, updated)
    WHERE place = ?`,
  claim: `UPDATE run SET owner = :owner, epoch = epoch + 1, lease_until = :until,
    recoveries = recoveries + :counts
    WHERE id = :id AND ${isUnfinished} AND (${isFree} OR :force = 1)
    RETURNING epoch`,
  renew: `UPDATE run SET lease_until = ? WHERE owner = ? AND ${isUnfinished}`,
  release: `UPDATE run SET owner = NULL, lease_until = NULL WHERE owner = ? AND ${isUnfinished}`,
  byId: "SELECT * FROM run WHERE id = ?",
  byKey: "SELECT * FROM run WHERE key = ?",
  tomb: "SELECT * FROM tomb WHERE key = ?",
  entries: `SELECT events FROM entry JOIN run ON entry.run = run.place
    WHERE run.id = ? ORDER BY entry.place`,
  claimable: `SELECT id FROM run WHERE ${isOpenRow} AND ${isFree} ORDER BY created LIMIT :max`,
  list: `SELECT * FROM run WHERE ${isOfPage}`,
  listOf: `SELECT * FROM run WHERE status = :status AND ${isOfPage}`,
  counts: `SELECT status, count(*) AS n, min(created) AS oldest FROM run
    WHERE ${isUnfinished} GROUP BY status`,
  // What takes no page tells nothing of a disk that is full.
  reserve: "INSERT INTO blob (digest, bytes) VALUES ('', zeroblob(65536))",
  free: "DELETE FROM blob WHERE digest = ''",
}

/** Statements by name. */
export type Prepared<Texts> = { readonly [name in keyof Texts]: StatementSync }
export type Statements = Prepared<typeof texts>

export function prepareAll<Texts extends Readonly<Record<string, string>>>(
  db: DatabaseSync,
  texts: Texts,
): Prepared<Texts> {
  const prepared = Object.entries(texts).map(([name, text]) => [name, db.prepare(text)] as const)
  return Object.fromEntries(prepared) as Prepared<Texts> // the same names
}

export const prepare = (db: DatabaseSync): Statements => prepareAll(db, texts)
