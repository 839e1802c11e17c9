import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import type { Command } from "../address.ts"
import { namedArguments, secretsIn } from "../echo.ts"
import type { Reveal } from "../secret-text.ts"
import { LineWriter } from "./line-writer.ts"

/** A command with all it needs at hand. */
export interface ReadyCommand extends Omit<Command, "env"> {
  readonly env: ReadonlyMap<string, string>
}

/** Reads the secrets of a command that stand in files. Rejects with an Error where one cannot be had. */
export async function ready(command: Command, reveal: Reveal): Promise<ReadyCommand> {
  const env = await Promise.all(
    [...command.env].map(async ([name, secret]) => [name, await reveal(secret)] as const),
  )
  return { ...command, env: new Map(env) }
}

/** What a child sees of the gateway's own environment; everything else is configured for it. */
const inherited = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"]

/** How long a process may live on that has closed its stdin or stdout: they do not end in one moment. */
const cutOffMs = 100

/** Process groups that live; they go with the gateway however it ends, short of SIGKILL (then stdin ends for them). */
const groups = new Set<number>()

function killGroups(): void {
  for (const group of groups) signalGroup(group, "SIGKILL")
}

/**
 * A process that the gateway started, leader of its own process group: wrappers such as npx leave their children behind,
 * and a signal to the group reaches those, too. Never a shell.
 */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams
  /** To its stdin. */
  readonly input: LineWriter
  /** Why it ended, in words. Never rejects. */
  readonly exited: Promise<string>
  /** What it was given and its answers must not show. */
  readonly secrets: readonly string[]
  #hasExited = false
  #isStopping = false
  /** What it closed, and is ended for. */
  #closed: "stdin" | "stdout" | undefined

  constructor({ command, args, env, cwd }: ReadyCommand) {
    this.secrets = secretsIn([...env, ...namedArguments(args)])
    this.#process = spawn(command, args, {
      cwd,
      env: environment(env),
      detached: true,
      stdio: "pipe",
      windowsHide: true,
    })
    this.input = new LineWriter(this.#process.stdin)
    const { pid } = this.#process
    if (pid !== undefined) remember(pid)
    this.exited = this.#end().finally(() => {
      this.#hasExited = true
      if (pid !== undefined) forget(pid)
    })
    for (const pipe of [this.#process.stdin, this.#process.stdout, this.#process.stderr])
      pipe.on("error", () => {}) // EPIPE and the like after its end, which `exited` tells
    for (const name of ["stdin", "stdout"] as const)
      this.#process[name].once("close", () => void this.#endCutOff(name))
  }

  /** Nothing can be asked or answered any more, and whoever waits for an answer would wait for long. */
  async #endCutOff(closed: "stdin" | "stdout"): Promise<void> {
    if (this.#isStopping || (await this.#exitsWithin(cutOffMs))) return
    const { pid } = this.#process
    if (pid === undefined) return
    this.#closed ??= closed
    signalGroup(pid, "SIGKILL")
  }

  #end(): Promise<string> {
    return new Promise((resolve) => {
      this.#process.once("error", (error: NodeJS.ErrnoException) =>
        resolve(`it could not be started: ${error.code ?? error.message}`),
      )
      this.#process.once("exit", (code, signal) => {
        if (this.#closed !== undefined) resolve(`it closed its ${this.#closed} and was ended`)
        else resolve(signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`)
      })
    })
  }

  get pid(): number | undefined {
    return this.#hasExited ? undefined : this.#process.pid
  }

  get stdin() {
    return this.#process.stdin
  }

  get stdout() {
    return this.#process.stdout
  }

  get stderr() {
    return this.#process.stderr
  }

  /** The end of stdin, then SIGTERM, then SIGKILL to the whole group, each after `waitMs` if it still runs. */
  async stop(waitMs: number): Promise<void> {
    this.#isStopping = true
    this.input.end()
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await this.#exitsWithin(waitMs)) return
      const { pid } = this.#process
      if (pid !== undefined) signalGroup(pid, signal)
    }
    await this.exited
  }

  async #exitsWithin(waitMs: number): Promise<boolean> {
    const late = new AbortController()
    const waited = sleep(waitMs, false, { signal: late.signal }).catch(() => false) // aborted: it did exit
    const hasExited = await Promise.race([this.exited.then(() => true), waited])
    late.abort()
    return hasExited
  }
}

function environment(configured: ReadonlyMap<string, string>): NodeJS.ProcessEnv {
  const own = inherited.flatMap((name) => {
    const value = process.env[name]
    const isFunction = value?.startsWith("()") // an exported shell function, which is code
    return value === undefined || isFunction ? [] : [[name, value] as const]
  })
  return Object.fromEntries([...own, ...configured])
}

function remember(group: number): void {
  if (groups.size === 0) process.on("exit", killGroups)
  groups.add(group)
}

/** The leader is gone; what it left behind serves nobody. */
function forget(group: number): void {
  signalGroup(group, "SIGKILL")
  groups.delete(group)
  if (groups.size === 0) process.off("exit", killGroups)
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // what kill throws is a system error
    if (code !== "ESRCH" && code !== "EPERM") throw error // nobody left in the group
  }
}
