import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { dirname, extname } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { ProgramLimits } from "./limits.ts"

/** How the process of a program ended, and what it left. */
export type Ended =
  | { readonly kind: "done"; readonly document: string; readonly report: string }
  /** Killed: too much came, it took too long, or nobody wants it any more. */
  | { readonly kind: "large" | "late" | "stopped" }
  /** By itself, before it reported: an exit code or signal, and the last words on its stderr. */
  | { readonly kind: "broken"; readonly how: string; readonly words: string }

/** In the build, this stands in a folder of its own below the child and the library. */
const isBuilt = extname(import.meta.url) === ".js"
const child = new URL(isBuilt ? "../program-child.js" : "./child.ts", import.meta.url)
const library = new URL(isBuilt ? "../index.js" : "../../index.ts", import.meta.url)

/** Runs a program until it ends, or must. Never rejects. */
export async function runChild(
  program: string,
  limits: ProgramLimits,
  signal = new AbortController().signal,
): Promise<Ended> {
  const running = start(program, limits)
  let killed: "large" | "late" | "stopped" | undefined
  const kill = (why: typeof killed) => {
    killed ??= why
    running.kill("SIGKILL")
  }
  const stop = () => kill("stopped")
  const timer = setTimeout(kill, limits.timeMs, "late")
  signal.addEventListener("abort", stop)
  if (signal.aborted) stop()
  const [, , stderr, document, report] = running.stdio as (Readable | null)[]
  const tooLarge = () => kill("large")
  const [text, said, words, how] = await Promise.all([
    textOf(document, limits.documentBytes, tooLarge),
    textOf(report, limits.documentBytes, tooLarge),
    lastWordsOf(stderr),
    endOf(running),
  ])
  clearTimeout(timer)
  signal.removeEventListener("abort", stop)
  if (killed !== undefined) return { kind: killed }
  if (said === "") return { kind: "broken", how, words }
  return { kind: "done", document: text, report: said }
}

const wordsMax = 4_096

/**
 * The program is the operator's own, and is kept from what it does not need all the same: it has no environment and does
 * not see those of processes, so no secret of ours; it reads files, and writes none; it starts neither processes nor
 * threads. SQLite is not there: it opens files whatever is permitted.
 */
function start(program: string, { memoryBytes }: ProgramLimits): ChildProcess {
  const memory = `--max-old-space-size=${Math.ceil(memoryBytes / 1024 / 1024)}`
  const flags = [memory, "--permission", ...readable(), ...withoutDatabase, "--no-warnings"]
  const given = [fileURLToPath(child), pathToFileURL(program).href, library.href]
  return spawn(process.execPath, [...flags, ...given], {
    cwd: dirname(program),
    env: {},
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  })
}

/** Folders that are no files of anybody's: processes with their environments, and `/dev/fd`, which leads to them. */
const unreadable: ReadonlySet<string> = new Set(["proc", "dev", "sys"])

/** What the program may read, as flags: all, but on a system that has processes as files not those. */
function readable(): readonly string[] {
  if (!existsSync("/proc/self")) return ["--allow-fs-read=*"]
  const folders = readdirSync("/").filter((name) => !unreadable.has(name))
  return folders.map((name) => `--allow-fs-read=/${name}`)
}

const noDatabase = "--no-experimental-sqlite"
/** A Node that knows the flag no longer would not start with it. */
const withoutDatabase = process.allowedNodeEnvironmentFlags.has(noDatabase) ? [noDatabase] : []

type Pipe = Readable | null | undefined

/** All that comes, up to `bytesMax`: where there is more, `over` is told, and the rest is thrown away. */
async function textOf(pipe: Pipe, bytesMax: number, over: () => void): Promise<string> {
  const chunks: Buffer[] = []
  let left = bytesMax
  for await (const chunk of chunksOf(pipe)) {
    left -= chunk.length
    if (left < 0) over()
    else chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

/** The end of what comes, however much that is. */
async function lastWordsOf(pipe: Pipe): Promise<string> {
  let last: Buffer = Buffer.alloc(0)
  for await (const chunk of chunksOf(pipe)) last = Buffer.concat([last, chunk]).subarray(-wordsMax)
  return last.toString("utf8")
}

async function* chunksOf(pipe: Pipe): AsyncGenerator<Buffer> {
  try {
    yield* pipe ?? []
  } catch {
    // cut off with the process; how that ended says why
  }
}

/** Its exit code or signal, or why it could not be started. */
const endOf = (running: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    running.once("error", ({ message }) => resolve(message))
    running.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
