import type { Problem } from "../registry/problem.ts"
import type { Provenance } from "../registry/read/places.ts"

/** Where a registry document comes from. */
export interface DocumentSource {
  /** As problems name it. */
  readonly file: string
  /**
   * The document as it is now; undefined when that is still the one that was last kept. Rejects with {@link Unreadable}
   * or another Error when what is there is no document that may be used, and with {@link SourceAway} when nobody knows
   * what is there.
   */
  read(): Promise<ReadDocument | undefined>
  /** Calls back when it is time to read again. Resolves when no later change can be missed. */
  watch(changed: () => void): Promise<Watch>
  /** What was read last is sound, and in use from now on. */
  keep?(document: ReadDocument): void
  /** What was kept before this process began, undefined where nothing was. Rejects with an Error for what cannot be used. */
  lastGood?(): Promise<ReadDocument | undefined>
}

export interface ReadDocument {
  readonly text: string
  readonly provenance: Provenance
}

export interface Watch {
  close(): void
}

/** Why there is no document, as a problem of the document. */
export class Unreadable extends Error {
  override readonly name = "Unreadable"
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

interface AwayOptions extends ErrorOptions {
  /** As problems name the document. */
  readonly file: string
  readonly retryAfterMs?: number | undefined
}

/** The source does not say what the document is. That is nothing against the one in use. */
export class SourceAway extends Error {
  override readonly name = "SourceAway"
  readonly problem: Problem
  /** How long it wants to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(reason: string, { cause, file, retryAfterMs }: AwayOptions) {
    super(reason, { cause })
    this.retryAfterMs = retryAfterMs
    this.problem = {
      code: "registry_source_away",
      severity: "error",
      pointer: "",
      message: `the registry document cannot be fetched: ${reason}`,
      file,
    }
  }
}

/** The text of a document: UTF-8 and nothing else, without a byte order mark. Throws an Error otherwise. */
export function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Error("it is not UTF-8", { cause })
  }
}
