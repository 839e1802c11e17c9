import { existsSync, readFileSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"
import { emptyLock, type Lock } from "../../registry/pins/lock.ts"
import type { PinOptions } from "../../registry/pins/pin-tool.ts"
import { readLockAtOnce } from "../../registry/pins/read-lock.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import type { Problem } from "../../registry/problem.ts"
import { printProblem } from "../../server/config/config.ts"
import { type WrittenServers, writtenServers } from "../../server/config/edit-servers.ts"
import { loadConfig } from "../../server/config/parse.ts"
import { fileAddress } from "../../server/config/scalars.ts"
import { lockBeside } from "../../server/config/settle.ts"
import { lockLimitsOf } from "../../server/limit-sets.ts"
import { defaultLimits } from "../../server/limits.ts"
import { isProgram } from "../../store/program/is-program.ts"
import { type Given, type Io, UsageError } from "../command.ts"
import { readRegistry } from "../registry-file.ts"
import { load } from "../validate.ts"

/** A text that import writes, and the one that is there. */
export interface Written {
  readonly file: string
  /** Undefined where there is no file. */
  readonly text: string | undefined
}

/** What is there before an import. */
export interface State {
  readonly config: Written & { readonly servers: WrittenServers["servers"] }
  readonly registry: Written
  readonly lock: Written & { readonly pins: Lock }
  readonly pinning: PinOptions
}

/** Undefined when what is wrong with it has been printed: import changes nothing that is not sound. */
export async function readState(given: Given, io: Io): Promise<State | undefined> {
  const file = given.text("config") ?? io.env["POSTERN_CONFIG"] ?? "postern.yaml"
  const config = readText(file)
  const written = config === undefined ? nothing : writtenServers(config)
  if (written === undefined) return failed(configProblems(file, io), io)
  const registryFile = registryOf(given, file, written, io)
  const registry = existsSync(registryFile) ? await readRegistry(registryFile) : undefined
  if (registry?.ok === false) return failed([formatProblem(registry.problem)], io)
  const problems = registry === undefined ? [] : unsound(load(registry).problems)
  if (problems.length > 0) return failed(problems.map(formatProblem), io)
  const lockFile =
    written.lock === undefined ? lockBeside(registryFile) : resolve(dirname(file), written.lock)
  const lockText = readText(lockFile)
  const lock =
    lockText === undefined ? undefined : readLockAtOnce(lockText, lockLimitsOf(defaultLimits))
  if (lock?.ok === false)
    return failed(
      lock.problems.map((problem) => formatProblem({ ...problem, file: lockFile })),
      io,
    )
  return {
    config: { file, text: config, servers: written.servers },
    registry: { file: registryFile, text: registry?.text },
    pinning: { volatileMeta: written.volatileMeta },
    lock: { file: relative(".", lockFile), text: lockText, pins: lock?.lock ?? emptyLock },
  }
}

const nothing: WrittenServers = {
  servers: [],
  source: undefined,
  lock: undefined,
  volatileMeta: [],
}

/** In other spellings it is not known where something belongs. */
const unsound = (problems: readonly Problem[]): readonly Problem[] =>
  problems
    .map((problem): Problem => {
      if (problem.code !== "v1_document") return problem
      return { ...problem, severity: "error", hint: "write it in version 2 first: postern migrate" }
    })
    .filter(({ severity }) => severity === "error")

function readText(file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, "utf8") : undefined
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function failed(lines: readonly string[], io: Io): undefined {
  for (const line of lines) io.err.write(`${line}\n`)
}

function configProblems(file: string, io: Io): readonly string[] {
  const loaded = loadConfig(file, io.env)
  return loaded.ok ? [`${file} is no mapping`] : loaded.problems.map(printProblem)
}

/** Where the configuration says; `--registry` says it for one that does not. */
function registryOf(given: Given, config: string, { source }: WrittenServers, io: Io): string {
  const named = given.text("registry")
  const configured = source && sourceFile(source, config, io)
  if (named !== undefined && configured && resolve(named) !== resolve(configured))
    throw new UsageError(`--registry: ${config} says that the registry is ${configured}`)
  const file = named ?? (configured || relative(".", resolve(dirname(config), "registry.json")))
  if (isProgram(file))
    throw new UsageError(`${file} is a program: import into a registry in JSON, with --registry`)
  return file
}

function sourceFile(source: string, config: string, { env }: Io): string {
  const filled = source.replaceAll(
    /\$\{(\w+)(?::-([^${}]*))?\}/g,
    (_, name: string, otherwise = "") => env[name] || otherwise,
  )
  const path = fileAddress.safeParse(filled)
  if (!path.success)
    throw new UsageError(`${config}: registry.source: ${path.error.issues[0]?.message}`)
  return relative(".", resolve(dirname(config), path.data))
}
