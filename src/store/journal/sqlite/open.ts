import type { DatabaseSync } from "node:sqlite"
import { type Journal, JournalTrouble } from "../../../compose/run/durable/journal.ts"
import { type FileLock, HeldElsewhere, lockFile } from "../../file-lock.ts"
import { inodeOf } from "./file-place.ts"
import { openDatabase, openingTrouble, prepareFolder, type SqliteOptions } from "./schema.ts"
import { isUnfinished } from "./statements.ts"
import { ThreadedJournal } from "./threaded-journal.ts"

/**
 * The run journal in a file: the default, with no server. Whoever opens it has it alone, until it is closed or its process
 * ends, however it ends. Throws a {@link JournalTrouble} when it cannot be opened.
 */
export function openSqliteJournal(file: string, options: SqliteOptions = {}): Journal {
  prepareFolder(file)
  const lock = lockOf(file)
  let db: DatabaseSync | undefined
  try {
    db = openDatabase(file, options)
    // Whoever had runs here is gone, or the file could not have been locked.
    db.exec(`UPDATE run SET owner = NULL, lease_until = NULL WHERE ${isUnfinished}`)
    db.close()
    return new ThreadedJournal({ file, inode: inodeOf(file), options }, lock)
  } catch (cause) {
    if (db?.isOpen === true) db.close()
    lock.release()
    throw openingTrouble(file, cause)
  }
}

function lockOf(file: string): FileLock {
  try {
    return lockFile(file)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    const kind = cause instanceof HeldElsewhere ? "busy" : "read-only"
    throw new JournalTrouble(`the run journal cannot be opened: ${words}`, { kind, cause })
  }
}
