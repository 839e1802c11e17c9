import { readFileSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import {
  type Document,
  isScalar,
  LineCounter,
  parseDocument,
  type YAMLParseError,
  type YAMLWarning,
} from "yaml"
import type { Config, ConfigProblem } from "./config.ts"
import { explain } from "./explain.ts"
import { fillIn } from "./fill-in.ts"
import { ConfigFile } from "./schema.ts"
import { settle } from "./settle.ts"
import { entries, offsetOf, type Path } from "./walk.ts"
import { type Warning, warningsOf } from "./warnings.ts"

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

type Environment = Readonly<Record<string, string | undefined>>

export interface ParseOptions {
  /**
   * Nothing will be started or connected to: variables that hold secrets, or that servers are given, may be unset, and
   * files of secrets missing. A stand-in takes their place.
   */
  readonly isOffline?: boolean
}

/** A larger file was not written by hand, and reading it could take long. */
const configBytesMax = 512 * 1024
const secretBytesMax = 64 * 1024
const problemsMax = 100
const aliasesMax = 20

/** Reads the configuration file. What cannot be read is a problem like any other. */
export function loadConfig(
  path: string,
  env: Environment,
  options: ParseOptions = {},
): ParsedConfig {
  try {
    return parseConfig(path, readSmall(path, configBytesMax), env, options)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const message = `cannot be read: ${error.message}`
    return { ok: false, problems: [{ file: path, line: 1, column: 1, path: "", message }] }
  }
}

/**
 * Reads configuration text. `file` is shown in problems, and relative paths are relative to its folder; `env` fills
 * `${NAME}` and `${NAME:-default}`. Reports every problem (at most {@link problemsMax}), in file order.
 */
export function parseConfig(
  file: string,
  text: string,
  env: Environment,
  options: ParseOptions = {},
): ParsedConfig {
  const reading = new Reading(file, text)
  const written = reading.written(env, options)
  if (written === undefined) return { ok: false, problems: reading.problems() }
  const config = reading.settled(written)
  const problems = reading.problems()
  if (problems.length > 0) return { ok: false, problems }
  const warnings = warningsOf(config, written).map(reading.placed).sort(inOrder)
  return { ok: true, config, warnings }
}

const inOrder = (a: ConfigProblem, b: ConfigProblem) => a.line - b.line || a.column - b.column

/** What a server is given under these may be a secret whatever its variable is called: a password within a URL, say. */
const mayCarrySecrets = new Set(["headers", "env", "args"])

/** One text on its way to a configuration, and the problems found so far. */
class Reading {
  readonly #file: string
  readonly #lines = new LineCounter()
  readonly #document: Document
  readonly #problems = new Map<string, ConfigProblem>()
  /** Where a scalar could not be filled in: what the checks then say of it is an echo. */
  readonly #unfilled = new Set<string>()
  /** Where secrets were read, by the path of their key. */
  readonly #files = new Map<string, string>()
  /** What servers are given of the environment. */
  readonly #taken = new Set<string>()

  constructor(file: string, text: string) {
    this.#file = file
    this.#document = parseDocument(text.replace(/^\uFEFF/, ""), {
      lineCounter: this.#lines,
      uniqueKeys: false, // its check compares each key with each other one; #checkKeys does not
    })
  }

  problems(): ConfigProblem[] {
    return [...this.#problems.values()].sort(inOrder).slice(0, problemsMax)
  }

  /** What the file says, if that much of it is sound. */
  written(env: Environment, { isOffline }: ParseOptions): ConfigFile | undefined {
    const [broken] = [...this.#document.errors, ...this.#document.warnings] // what follows is mostly an echo of it
    if (broken !== undefined) {
      this.#report(broken.pos[0], [], syntaxWords(broken))
      return
    }
    if (!this.#checkKeys()) return
    const secretFile = (path: string) =>
      readSmall(resolve(dirname(this.#file), path), secretBytesMax)
    const taken = (value: string, [section, , member]: Path) => {
      if (section === "servers" && mayCarrySecrets.has(String(member))) this.#taken.add(value)
    }
    const found = (file: string, path: Path) => {
      this.#files.set(JSON.stringify(path), resolve(dirname(this.#file), file))
    }
    fillIn(
      this.#document,
      { env, secretFile, found, taken, isOffline },
      (offset, path, message) => {
        this.#report(offset, path, message)
        this.#unfilled.add(printPath(path))
      },
    )
    return this.#checked()
  }

  settled(written: ConfigFile): Config {
    return settle(written, {
      file: resolve(this.#file),
      taken: [...this.#taken],
      fileOf: (path) => this.#files.get(JSON.stringify(path)),
      placeOf: (path) => this.#place(offsetOf(this.#document, path)),
      wrong: this.#wrong,
    })
  }

  placed = ({ path, message }: Warning): ConfigProblem => ({
    ...this.#place(offsetOf(this.#document, path)),
    path: printPath(path),
    message,
  })

  #checked(): ConfigFile | undefined {
    let plainData: unknown
    try {
      plainData = this.#document.toJS({ maxAliasCount: aliasesMax }) // throws for an alias bomb and an unknown alias
    } catch (error) {
      this.#report(0, [], error instanceof Error ? error.message : String(error))
      return
    }
    const result = ConfigFile.safeParse(plainData, { jitless: true }) // compiling pays where one parses often
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      for (const [path, message] of explain(issue, this.#document)) {
        this.#wrong(path, message)
        if (this.#problems.size >= problemsMax) return
      }
    }
    return
  }

  /**
   * Reports keys that would get lost on the way to an object: duplicates, `__proto__`, whose setter is special, and
   * keys that are not scalars. Returns false where one is not a scalar: then nothing else can be checked.
   */
  #checkKeys(): boolean {
    let areWords = true
    const seen = new Map<object, Set<unknown>>()
    for (const { parent, path, key } of entries(this.#document)) {
      if (key === undefined) continue
      const wrong = (message: string) => this.#report(key.range?.[0] ?? 0, path, message)
      const word = isScalar(key) && key.value !== null ? String(key.value) : undefined
      areWords &&= word !== undefined
      const earlier = seen.get(parent) ?? new Set()
      if (word === undefined) wrong("expected a name before the colon")
      else if (earlier.has(word)) wrong("this key is here twice; remove one of the two")
      else if (word === "__proto__") wrong("unknown key")
      seen.set(parent, earlier.add(word))
    }
    return areWords
  }

  #wrong = (path: Path, message: string): void => {
    if (this.#unfilled.has(printPath(path))) return
    this.#report(offsetOf(this.#document, path), path, message)
  }

  #report = (offset: number, path: Path, message: string): void => {
    const problem = { ...this.#place(offset), path: printPath(path), message }
    const { line, column } = problem
    this.#problems.set(`${line}:${column} ${message}`, problem)
  }

  #place(offset: number) {
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.#file, line: line || 1, column: col || 1 }
  }
}

const syntaxWords = ({ code, message }: YAMLParseError | YAMLWarning): string =>
  code === "MULTIPLE_DOCS"
    ? "a second document begins here; a configuration is one"
    : (message.split(" at line ", 1)[0] ?? message)

/** Keys come from the file: a hostile one is neither a wall of text nor a message to the terminal. */
const printPath = (path: Path): string =>
  path
    .map((key) => String(key).replace(/[^\x20-\x7e]/g, "?"))
    .map((key) => (key.length > 64 ? `${key.slice(0, 63)}…` : key))
    .join(".")

function readSmall(path: string, bytesMax: number): string {
  const { size } = statSync(path)
  if (size > bytesMax) throw new RangeError(`it has ${size} bytes; at most ${bytesMax} are read`)
  return readFileSync(path, "utf8")
}
