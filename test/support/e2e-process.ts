import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { vi } from "vitest"
import { executable } from "../../examples/support/gateway.ts"
import { isAlive } from "./is-alive.ts"

export const project = join(import.meta.dirname, "../..")

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A real process of the executable, and all it has printed so far. */
export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  /** Resolves when it is gone and everything it printed has been read. */
  readonly exited: Promise<Exit>
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** From the sources, where a module that is loaded before takes hold of one of theirs. */
  readonly isFromSource?: true
}

/** `postern ARGS…`, with nothing of this process's environment but what every program needs. */
export function run(
  args: readonly string[],
  { env = {}, cwd = project, isFromSource }: RunOptions = {},
): Running {
  const { PATH = "", HOME = "" } = process.env
  const program = isFromSource ? join(project, "src/main.ts") : executable
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, HOME, ...env },
  })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  alive.add(child)
  const exited = once(child, "close").then(([code, signal]): Exit => {
    alive.delete(child)
    return { code, signal }
  })
  return {
    child,
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
  }
}

/** Processes that were started here and are not gone. */
export const alive = new Set<ChildProcess>()

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command to its end. */
export async function postern(args: readonly string[], options?: RunOptions): Promise<Finished> {
  const running = run(args, options)
  const { code } = await running.exited
  return { code, stdout: running.stdout(), stderr: running.stderr() }
}

/** Waits until `look` does not throw; its last error otherwise. */
export const until = <T>(look: () => T | Promise<T>, timeout = 15_000): Promise<T> =>
  vi.waitFor(look, { timeout, interval: 20 })

/** Waits until `claim` is true. */
export const becomes = (
  claim: () => boolean | Promise<boolean>,
  words: string,
  timeout?: number,
): Promise<void> =>
  until(async () => {
    if (!(await claim())) throw new Error(`still not: ${words}`)
  }, timeout)

/** The living processes that `pid` started, and those that they started. */
export function descendants(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(Number(name))] as const)
  const own = parents.filter(([, parent]) => parent === pid).map(([child]) => child)
  return own.filter(isAlive).flatMap((child) => [child, ...descendants(child)])
}

function parentOf(pid: number): number | undefined {
  try {
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    return parent === undefined ? undefined : Number(parent)
  } catch {
    return undefined // gone meanwhile
  }
}
