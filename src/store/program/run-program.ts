import { stat } from "node:fs/promises"
import { isAbsolute, relative, resolve } from "node:path"
import type { Problem } from "../../registry/problem.ts"
import type { Place, Places, Provenance } from "../../registry/read/places.ts"
import { placesInStack } from "../../registry/read/stack.ts"
import type { ProgramLimits } from "./limits.ts"
import type { Report, WrittenPlace } from "./report.ts"
import { type Ended, runChild } from "./run-child.ts"

/** What a program gave. */
export type ProgramRun = (
  | { readonly ok: true; readonly text: string; readonly provenance: Provenance }
  | { readonly ok: false; readonly problem: Problem }
) & {
  /** The files that it consists of, as far as it came; the first is the program itself. */
  readonly modules: readonly string[]
}

/** Runs a registry program, in a process of its own and within the limits, for the document it exports. Never rejects. */
export async function runProgram(
  file: string,
  limits: ProgramLimits,
  signal?: AbortSignal,
): Promise<ProgramRun> {
  const path = resolve(file)
  const missing = await whyMissing(path)
  const ended = missing ?? (await runChild(path, limits, signal))
  const read = typeof ended === "string" ? { modules: [] } : readReport(ended)
  const modules = [path, ...read.modules.filter((module) => module !== path)]
  if (typeof ended === "string") return { ok: false, problem: unreadable(file, ended), modules }
  if (ended.kind !== "done" || read.message !== undefined) {
    const place = placesInStack(read.stack ?? "").find((at) => modules.includes(at.file))
    const problem = problemOf(ended, read.message, limits)
    return { ok: false, problem: { ...problem, file, ...(place && shown(place, file)) }, modules }
  }
  const places = () => readPlaces(ended.report, file)
  return { ok: true, text: ended.document, provenance: { file, places }, modules }
}

async function whyMissing(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? undefined : `${path} is not a file`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const rubbish: Report = { message: "the program wrote into the pipes of its answer", modules: [] }

function readReport(ended: Ended): Report {
  if (ended.kind !== "done") return { modules: [] }
  try {
    const report: Report = JSON.parse(linesOf(ended.report)[0])
    return Array.isArray(report.modules) ? report : rubbish
  } catch {
    return rubbish
  }
}

/** The report, and the places. */
function linesOf(said: string): readonly [string, string] {
  const end = said.indexOf("\n")
  return end < 0 ? [said, "[]"] : [said.slice(0, end), said.slice(end + 1)]
}

function readPlaces(said: string, file: string): Places {
  try {
    const written: readonly WrittenPlace[] = JSON.parse(linesOf(said)[1])
    return new Map(written.map(([pointer, place]) => [pointer, shown(place, file)]))
  } catch {
    return new Map() // the program wrote there, too: its document is judged, and without places
  }
}

const unreadable = (file: string, why: string): Problem => ({
  code: "document_unreadable",
  severity: "error",
  pointer: "",
  message: `the registry document cannot be read: ${why}`,
  hint: "name a registry document that can be read",
  file,
})

const wordsMax = 500

/** What V8 says before it ends the process; an account of its stack follows. */
const outOfMemory = "JavaScript heap out of memory"

function problemOf(ended: Ended, message: string | undefined, limits: ProgramLimits): Problem {
  const failed = { code: "program_failed", severity: "error", pointer: "" } as const
  switch (ended.kind) {
    case "done":
      return { ...failed, message: (message ?? "").slice(0, wordsMax) }
    case "large":
      return {
        ...failed,
        code: "document_too_large",
        message: `the document has more than ${limits.documentBytes} bytes`,
        hint: "raise limits.registryBytes if this is right",
      }
    case "late":
      return {
        ...failed,
        message: `the program gave no document within ${limits.timeMs} ms`,
        hint: "compute the registry from what is at hand, or raise limits.registryProgramTimeout",
      }
    case "stopped":
      return { ...failed, message: "the program was stopped" }
    case "broken": {
      if (ended.words.includes(outOfMemory))
        return {
          ...failed,
          message: `the program needs more than ${limits.memoryBytes} bytes of memory`,
          hint: "raise limits.registryProgramMemory if this is right",
        }
      const words = ended.words.trim().slice(-wordsMax)
      const message = `the program ended (${ended.how}) before it gave a document`
      return { ...failed, message: words === "" ? message : `${message}: ${words}` }
    }
  }
}

/** The place with its file as the operator would name it: as given, or from the working directory where it is in there. */
function shown(place: Place, file: string): Place {
  if (place.file === resolve(file)) return { ...place, file }
  const near = relative("", place.file)
  return near.startsWith("..") || isAbsolute(near) ? place : { ...place, file: near }
}
