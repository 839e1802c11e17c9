import { stat } from "node:fs/promises"
import { type FileSource, watchFile } from "../file-source.ts"
import { Unreadable, type Watch } from "../source.ts"
import type { ProgramLimits } from "./limits.ts"

/**
 * The document that a program makes; the program is run at each reading. It changes with the program's own file, and
 * with every file that it imports and that belongs to no package.
 */
export function programSource(file: string, limits: ProgramLimits): FileSource {
  const closing = new AbortController()
  const watched = new Map<string, Promise<Watch>>()
  let changed = () => {}

  const watch = (path: string): Promise<Watch> => {
    const known = watched.get(path) ?? watchFile(path, () => changed())
    watched.set(path, known)
    return known
  }
  /** A change between the reading of a file and the watching of it would be missed. */
  const watchSince = async (path: string, sinceMs: number): Promise<void> => {
    if (watched.has(path)) return
    await watch(path)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (mtimeMs >= sinceMs) changed()
  }

  return {
    file,
    async read() {
      const { runProgram } = await import("./run-program.ts") // who has a document needs none of it
      const beganMs = Date.now()
      const run = await runProgram(file, limits, closing.signal)
      const [, ...imported] = run.modules
      await Promise.all(imported.map((path) => watchSince(path, beganMs)))
      if (!run.ok) throw new Unreadable(run.problem)
      return { text: run.text, provenance: run.provenance }
    },
    async watch(onChange) {
      changed = onChange
      await watch(file)
      return {
        close: () => {
          closing.abort()
          for (const each of watched.values()) void each.then((one) => one.close())
        },
      }
    },
  }
}
