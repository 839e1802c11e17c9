import { readFileSync, renameSync, writeFileSync } from "node:fs"
import type { LoadLimits } from "../../registry/limits.ts"
import { emptyLock, type Lock } from "../../registry/pins/lock.ts"
import { lockText } from "../../registry/pins/lock-text.ts"
import { readLockAtOnce } from "../../registry/pins/read-lock.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import type { Config } from "../../server/config/config.ts"
import { lockLimitsOf } from "../../server/limits.ts"
import type { Io } from "../command.ts"

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

/** In one step, so that a gateway never reads half of it. False when it could not be written, and that was printed. */
export function writeLockFile(file: string, lock: Lock, io: Io): boolean {
  try {
    const beside = `${file}.${process.pid}.new`
    writeFileSync(beside, lockText(lock))
    renameSync(beside, file)
    return true
  } catch (error) {
    io.err.write(`${file} cannot be written: ${wordsOf(error)}\n`)
    return false
  }
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
