import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

const probe = join(import.meta.dirname, "subjects/probe.ts")

/** A process under test, or one that the test needs. It is asked for its own CPU time and memory. */
export interface Subject extends AsyncDisposable {
  readonly pid: number
  /** What the process has used so far, by its own account. */
  usage(): Promise<Usage>
}

export interface Usage {
  readonly cpuMs: number
  readonly rssBytes: number
  /** Since the last time it was asked, as the two below: the longest time that the event loop was late. */
  readonly loopDelayMaxMs: number
  /** The most CPU time that its thread used in one go: what other work on the machine does not change. */
  readonly turnCpuMaxMs: number
  readonly gcMaxMs: number
}

/** Starts `node FILE …` and waits for the line on stdout that `ready` matches. */
export async function start(
  file: string,
  args: readonly string[],
  { ready, env = {} }: { ready: RegExp; env?: Readonly<Record<string, string>> },
): Promise<Subject & { readonly line: string; readonly readyMs: number }> {
  const started = performance.now()
  const child = spawnSubject(file, args, env)
  const line = await lineOf(child, ready)
  return { ...subjectOf(child), line, readyMs: performance.now() - started }
}

export const spawnSubject = (
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess =>
  spawn(process.execPath, ["--import", probe, file, ...args], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: { ...process.env, ...env },
  })

export function subjectOf(child: ChildProcess): Subject {
  return {
    pid: child.pid ?? 0,
    async usage() {
      child.send("usage")
      const [answer] = await once(child, "message")
      return answer as Usage
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      child.kill("SIGTERM")
      await once(child, "exit")
    },
  }
}

function lineOf(child: ChildProcess, ready: RegExp): Promise<string> {
  let text = ""
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding("utf8")
    child.stdout?.on("data", (chunk: string) => {
      text += chunk
      const match = ready.exec(text)
      if (match) resolve(match[1] ?? match[0])
    })
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`exit ${code} before ${ready}: ${text}`)))
  })
}
