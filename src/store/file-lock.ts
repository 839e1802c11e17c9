import { DatabaseSync } from "node:sqlite"

export interface FileLock {
  release(): void
}

/**
 * Keeps every other process, also of other containers on the same machine, from taking the lock of `path`, until it is
 * released or this process ends, however it ends. Throws an Error when another has it, or it cannot be had at all. Node has no file locks of its own;
 * SQLite's are the kernel's, which a killed process cannot leave behind as a file with its id can be.
 */
export function lockFile(path: string): FileLock {
  const lock = `${path}.lock`
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(lock, { timeout: 0 })
    database.exec("BEGIN EXCLUSIVE") // the file stays empty: nothing is ever written under the lock
  } catch (cause) {
    database?.close()
    if (isBusy(cause)) throw new HeldElsewhere(path, { lock, cause })
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${lock} cannot be written (${words}): look at the permissions of its folder`, {
      cause,
    })
  }
  const held = database
  return { release: () => held.close() }
}

/** Another process has the lock. */
export class HeldElsewhere extends Error {
  constructor(path: string, { lock, cause }: { readonly lock: string; readonly cause: unknown }) {
    super(`${path} is in use by another process (it holds ${lock})`, { cause })
  }
}

/** SQLITE_BUSY (sqlite.org/rescode.html). */
const isBusy = (cause: unknown): boolean =>
  cause instanceof Error && "errcode" in cause && cause.errcode === 5
