import { type Document, isAlias, isScalar, type Scalar } from "yaml"
import { soundsSecret } from "../../registry/secret-names.ts"
import { isSecret, isTyped } from "./known.ts"
import { entries, type Path } from "./walk.ts"

/** What a configuration may be filled in with. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of the file that `file:path` names; throws where it cannot be read. */
  readonly secretFile: (path: string) => string
  /** Told of each secret that stands in a file, and where it goes. */
  readonly found?: (file: string, path: Path) => void
  /** Told of each value that comes from the environment, and where it goes. */
  readonly taken?: (value: string, path: Path) => void
  /** Nothing but the registry will be read, started or connected to: what that does not need may be missing, and a stand-in takes its place. */
  readonly isOffline?: boolean | undefined
}

type Wrong = (offset: number, path: Path, message: string) => void

const placeholder = /\$\{([A-Za-z_]\w*)(?::-([^${}]*))?\}/g
const literal = 'a secret is not written here: refer to it with "${NAME}" or file:/run/secrets/name'

/**
 * Replaces `${NAME}` and `${NAME:-default}` inside scalars, never in keys and never by structure, and reads secrets from
 * the files they name. A literal under a key that sounds secret is a problem: configuration files get committed.
 */
export function fillIn(document: Document, sources: Sources, wrong: Wrong): void {
  for (const { path, key, value } of entries(document)) {
    const secret = isSecret(path) || (isScalar(key) && soundsSecret(String(key.value)))
    if (secret && isAlias(value)) wrong(value.range?.[0] ?? 0, path, literal)
    if (!isScalar(value)) continue
    const report = (message: string) => wrong(value.range?.[0] ?? 0, path, message)
    const from = sourcesAt(sources, path, secret)
    if (secret) fillSecret(value, from, report)
    else fillPlain(value, { isTyped: isTyped(path), sources: from, report })
  }
}

type Report = (message: string) => void

/** The sources for one scalar, which report what is read for it with the scalar's path. */
interface SourcesAt extends Pick<Sources, "env" | "secretFile"> {
  readonly found: (file: string) => void
  readonly taken: (value: string) => void
  /** From which character on the scalar may be without its variables. */
  readonly mayMissFrom: (text: string) => number
}

function sourcesAt(sources: Sources, path: Path, isSecret: boolean): SourcesAt {
  const { env, found, isOffline = false, secretFile, taken } = sources
  return {
    env,
    secretFile,
    found: (file) => found?.(file, path),
    taken: (value) => taken?.(value, path),
    mayMissFrom: (text) => {
      if (!isOffline) return Number.POSITIVE_INFINITY
      if (path[0] === "registry") return Number.POSITIVE_INFINITY // the document itself is read
      return isSecret ? 0 : missableFrom(path, text)
    },
  }
}

/** Whatever servers are given may be secret; of their addresses, the query. Database URLs hold passwords. */
function missableFrom([section, key, member]: Path, text: string): number {
  if (section === "state" && key === "runs" && text.startsWith("postgres")) return 0
  if (section !== "servers") return Number.POSITIVE_INFINITY
  if (member === "headers" || member === "env" || member === "args") return 0
  const query = member === "url" ? text.indexOf("?") : -1
  return query < 0 ? Number.POSITIVE_INFINITY : query
}

/** As long as a key has to be. */
const standInChars = 32

function fillSecret(node: Scalar, sources: SourcesAt, report: Report): void {
  if (node.value === null || node.value === "") return
  const text = String(node.value)
  const isFile = text.startsWith("file:")
  if (!isFile && !text.includes("${")) report(literal)
  else if (/\$\{\w+:-[^}]/.test(text)) report("a secret has no default")
  else {
    const filled = replaced(text, sources, report)
    const value = isFile ? fromFile(filled, sources, report) : filled
    node.value = value === text ? text.padEnd(standInChars, "_") : value
  }
}

function fromFile(reference: string, sources: SourcesAt, report: Report): string {
  const path = reference.replace(/^file:(?:\/\/(?=[/.]))?/, "")
  sources.found(path)
  try {
    return sources.secretFile(path).replace(/\r?\n$/, "") // editors and `echo` end files with one
  } catch (error) {
    if (sources.mayMissFrom(reference) === 0) return reference
    report(`the secret's file cannot be read: ${error instanceof Error ? error.message : error}`)
    return reference
  }
}

interface Filling {
  readonly isTyped: boolean
  readonly sources: SourcesAt
  readonly report: Report
}

function fillPlain(node: Scalar, { isTyped, sources, report }: Filling): void {
  if (typeof node.value !== "string" || !node.value.includes("${")) return
  const filled = replaced(node.value, sources, report)
  node.value = isTyped ? typed(filled) : filled
}

function replaced(text: string, { env, mayMissFrom, taken }: SourcesAt, report: Report): string {
  if (text.replaceAll(placeholder, "").includes("${"))
    report("write ${NAME} or ${NAME:-default}; a default holds no $ or braces")
  const missable = mayMissFrom(text)
  return text.replaceAll(
    placeholder,
    (whole, name: string, otherwise: string | undefined, at: number) => {
      const set = Object.hasOwn(env, name) ? env[name] : undefined
      if (set) taken(set)
      const value = otherwise === undefined ? set : set || otherwise // as in a shell, :- also replaces nothing
      if (value !== undefined) return value
      if (at >= missable) return whole
      report(`${name} is not set in the environment`)
      return ""
    },
  )
}

/** The environment holds text only; where a number is expected, `"${PORT}"` is one, though YAML may want the quotes. */
function typed(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true"
  return /^-?(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text
}
