import { DatabaseSync } from "node:sqlite"

export interface FileLock {
  release(): void
}

/**
 * Keeps every other process, also of other containers on the same machine, from taking the lock of `path`, until it is
 * released or this process ends, however it ends. Throws an Error when another has it. Node has no file locks of its own;
 * SQLite's are the kernel's, which a killed process cannot leave behind as a file with its id can be.
 */
export function lockFile(path: string): FileLock {
  const lock = `${path}.lock`
  const database = new DatabaseSync(lock, { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE") // the file stays empty: nothing is ever written under the lock
  } catch (cause) {
    database.close()
    throw new Error(`${path} is in use by another process (it holds ${lock})`, { cause })
  }
  return { release: () => database.close() }
}
