import { readFileSync } from "node:fs"

/** Whether a process lives; one that only waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false // no such process
  }
}
