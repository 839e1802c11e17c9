import { readFileSync } from "node:fs"
import type { LoadLimits } from "../../registry/limits.ts"
import { emptyLock, type Lock } from "../../registry/pins/lock.ts"
import { lockText } from "../../registry/pins/lock-text.ts"
import { readLockAtOnce } from "../../registry/pins/read-lock.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import type { Config } from "../../server/config/config.ts"
import { lockLimitsOf } from "../../server/limit-sets.ts"
import type { Io } from "../command.ts"
import { replaceFile } from "../replace-file.ts"

/** The lock of a configuration, empty where there is none yet; undefined when its problems have been printed. */
export const lockOfConfig = ({ registry, limits }: Config, io: Io): Lock | undefined =>
  readLockFile(registry.lock, lockLimitsOf(limits), io)

/** The same of a file. */
export function readLockFile(file: string, limits: LoadLimits, io: Io): Lock | undefined {
  try {
    const reading = readLockAtOnce(readFileSync(file, "utf8"), limits)
    if (reading.ok) return reading.lock
    for (const problem of reading.problems) io.err.write(`${formatProblem({ ...problem, file })}\n`)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return emptyLock
    io.err.write(`${file} cannot be read: ${wordsOf(error)}\n`)
  }
  return undefined
}

/**
 * Puts a lock in the place of the one that was read: the work of somebody who wrote it meanwhile is not lost. False when it
 * could not be written, and that was printed.
 */
export function writeLock(
  { config, lock }: { readonly config: Config; readonly lock: Lock },
  next: Lock,
  io: Io,
): boolean {
  const file = config.registry.lock
  const now = lockOfConfig(config, io)
  if (now === undefined) return false
  try {
    if (lockText(now) !== lockText(lock))
      throw new Error("somebody changed it meanwhile; run the command again")
    const text = lockText(next)
    const tooLarge = lockTooLarge(text, config.limits.lockBytes)
    if (tooLarge !== undefined) throw new Error(tooLarge)
    replaceFile(file, text)
    return true
  } catch (error) {
    io.err.write(`${file} cannot be written: ${wordsOf(error)}\n`)
    return false
  }
}

/** Why nobody could read a lock again, if that is so: servers may say as much as they like. */
export function lockTooLarge(text: string, bytesMax: number): string | undefined {
  const bytes = Buffer.byteLength(text)
  if (bytes <= bytesMax) return
  return `it would have ${bytes} bytes, and limits.lockBytes is ${bytesMax}: raise that, or leave out the server that says so much`
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
