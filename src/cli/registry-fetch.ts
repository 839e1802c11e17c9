import type { Problem } from "../registry/problem.ts"
import type { HttpRegistryConfig } from "../server/config/config.ts"
import type { Limits } from "../server/limits.ts"
import { httpSource } from "../server/registry/open-source.ts"
import { type DocumentSource, SourceAway, Unreadable } from "../store/source.ts"
import type { Io } from "./command.ts"
import type { NoRegistryText, RegistryText } from "./registry-file.ts"

/**
 * The document that a gateway with this configuration would fetch now or, while its source is away, the copy of the last
 * good one, which is then said on stderr.
 */
export async function fetchRegistry(
  source: HttpRegistryConfig,
  limits: Limits,
  io: Io,
): Promise<RegistryText | NoRegistryText> {
  const opened = httpSource(source, limits, () => undefined)
  try {
    return await readOnce(opened)
  } catch (error) {
    if (!(error instanceof SourceAway)) return { ok: false, problem: problemOf(error, opened.file) }
    return await readCopy(opened, error, io)
  } finally {
    opened.close()
  }
}

async function readOnce(opened: DocumentSource): Promise<RegistryText> {
  const document = await opened.read()
  if (document === undefined) throw new TypeError("what was never kept is not unchanged")
  return { ok: true, ...document }
}

async function readCopy(
  opened: DocumentSource,
  away: SourceAway,
  io: Io,
): Promise<RegistryText | NoRegistryText> {
  const kept = await opened.lastGood?.().catch((error: unknown) => {
    io.err.write(`the copy of ${opened.file} is not used: ${wordsOf(error)}\n`)
  })
  if (kept === undefined) return { ok: false, problem: away.problem }
  io.err.write(`${opened.file} cannot be fetched: ${away.message}; this is of the copy of it\n`)
  return { ok: true, ...kept }
}

function problemOf(error: unknown, file: string): Problem {
  if (error instanceof Unreadable) return error.problem
  return {
    code: "document_unreadable",
    severity: "error",
    pointer: "",
    message: `the registry document cannot be read: ${wordsOf(error)}`,
    file,
  }
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
