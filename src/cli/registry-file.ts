import { readFileSync } from "node:fs"
import type { Problem } from "../registry/problem.ts"
import type { Provenance } from "../registry/read/places.ts"
import { isProgram } from "../store/program/is-program.ts"
import { defaultProgramLimits, type ProgramLimits } from "../store/program/limits.ts"
import { runProgram } from "../store/program/run-program.ts"

/** The text of a document and where it was written, for whoever loads it. */
export interface RegistryText {
  readonly ok: true
  readonly text: string
  readonly provenance: Provenance
}

/** Why there is no text: a problem of the document, like any other. */
export interface NoRegistryText {
  readonly ok: false
  readonly problem: Problem
}

/**
 * Reads a registry document as the gateway does: UTF-8 and nothing else, without a byte order mark. Pipes will do. A
 * program (`.ts`, `.mts`, `.js`, `.mjs`) is run for the document that it exports.
 */
export async function readRegistry(
  file: string,
  limits: ProgramLimits = defaultProgramLimits,
): Promise<RegistryText | NoRegistryText> {
  if (isProgram(file)) return runProgram(file, limits)
  try {
    const bytes = readFileSync(file)
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    return { ok: true, text, provenance: { file } }
  } catch (error) {
    const problem: Problem = {
      code: "document_unreadable",
      severity: "error",
      pointer: "",
      message: `the registry document cannot be read: ${reasonOf(error)}`,
      hint: "name a registry document that can be read",
      file,
    }
    return { ok: false, problem }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException // a missing code is undefined, and that is looked at
  return code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : error.message
}
