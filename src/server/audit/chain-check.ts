import { hash } from "node:crypto"
import { isObject, type JsonObject } from "../../schema/json.ts"
import type { Head } from "./chain.ts"
import { type AuditEntry, entryOf } from "./entry.ts"
import { noHash } from "./line.ts"
import type { Line } from "./lines.ts"

/** One thing that an unaltered audit would not show. */
export interface AuditFinding {
  readonly code:
    | "not_a_record"
    | "chain_broken"
    | "sequence_broken"
    | "checkpoint_broken"
    | "torn_tail"
    | "head_mismatch"
    | "unreadable"
  readonly file: string
  /** Counts from 1. */
  readonly line: number
  readonly seq: number | undefined
  readonly expected: string
  readonly found: string
  readonly message: string
}

export interface Verified {
  readonly records: number
  /** The end of the chain: to compare with one that was kept elsewhere. */
  readonly head: Head
  readonly findings: readonly AuditFinding[]
  /** Calls that were begun and whose end is not recorded: in flight when the process ended, or at this moment. */
  readonly openBegins: readonly OpenBegin[]
}

export interface OpenBegin {
  readonly id: string
  readonly file: string
  readonly line: number
  readonly seq: number
}

/** Findings beyond these are not counted: whoever changed so many lines is found out anyway. */
const findingsMax = 1_000

export interface ChainRules {
  /** The hash of a record kept elsewhere, which must be among the lines. */
  readonly expect?: string
  /** A file may begin a chain of its own: what was rotated need not continue the file before. */
  readonly begins?: "once" | "in each file"
}

/** Looks at the lines of audit files one after the other, and says where they are no chain. */
export class ChainCheck {
  readonly #findings: AuditFinding[] = []
  readonly #open = new Map<string, OpenBegin>()
  readonly #expected: string | undefined
  readonly #mayBeginAnew: boolean
  #isExpectedSeen = false
  #records = 0
  #file = ""
  #line = 0
  #head: Head = { seq: 0, hash: noHash }

  constructor({ expect, begins }: ChainRules) {
    this.#expected = expect
    this.#mayBeginAnew = begins === "in each file"
  }

  /** What follows is of this file. */
  begin(file: string): void {
    this.#file = file
    this.#line = 0
  }

  /** The record in the line; undefined, and reported as a finding, where there is none. */
  take({ bytes, isWhole }: Line): AuditEntry | undefined {
    this.#line++
    if (isWhole) return this.#whole(bytes)
    this.#half(bytes)
    return
  }

  unreadable(error: unknown): void {
    const message = `cannot be read: ${error instanceof Error ? error.message : error}`
    this.#find("unreadable", { expected: "a file", found: "none", message })
  }

  verified(): Verified {
    if (this.#expected !== undefined && !this.#isExpectedSeen)
      this.#find("head_mismatch", {
        expected: this.#expected,
        found: this.#head.hash,
        message: "the record kept elsewhere is not here: the end was cut off, or all was rewritten",
      })
    return {
      records: this.#records,
      head: this.#head,
      findings: this.#findings,
      openBegins: [...this.#open.values()],
    }
  }

  #whole(bytes: Buffer): AuditEntry | undefined {
    const parsed = parse(bytes)
    const found = { seq: this.#head.seq + 1, hash: hash("sha256", bytes) }
    let entry: AuditEntry | undefined
    if (parsed === undefined)
      this.#find("not_a_record", {
        expected: "a record",
        found: `${bytes.length} bytes`,
        message: "this line is no audit record",
      })
    else {
      const { seq, prev, record } = parsed
      found.seq = seq
      entry = entryOf(record, { file: this.#file, line: this.#line, seq })
      this.#records++
      this.#link(seq, prev)
      this.#checkpoint(entry)
      this.#begins(entry)
    }
    this.#head = found
    if (found.hash === this.#expected) this.#isExpectedSeen = true
    return entry
  }

  #link(seq: number, prev: string): void {
    if (this.#mayBeginAnew && this.#line === 1 && seq === 1 && prev === noHash) return
    const next = this.#head.seq + 1
    if (prev !== this.#head.hash)
      this.#find("chain_broken", {
        seq,
        expected: this.#head.hash,
        found: prev,
        message: gap(seq, next),
      })
    else if (seq !== next)
      this.#find("sequence_broken", {
        seq,
        expected: String(next),
        found: String(seq),
        message: "its number does not follow that of the line before",
      })
  }

  #checkpoint({ kind, seq, note }: AuditEntry): void {
    if (kind !== "checkpoint") return
    const { seq: at, hash: told } = note
    if (at === this.#head.seq && told === this.#head.hash) return
    this.#find("checkpoint_broken", {
      seq,
      expected: `${this.#head.seq} ${this.#head.hash}`,
      found: `${at} ${told}`,
      message: "this checkpoint tells of another line than the one before it",
    })
  }

  #begins({ kind, id, seq }: AuditEntry): void {
    if (kind === "begin") this.#open.set(id, { id, file: this.#file, line: this.#line, seq })
    else if (kind === "call" || kind === "step") this.#open.delete(id)
  }

  #half(bytes: Buffer): void {
    this.#find("torn_tail", {
      expected: "a newline at the end",
      found: `${bytes.length} bytes of a line`,
      message:
        "the last line is not whole: a crash, or the gateway is writing; it is cut off at the next start",
    })
  }

  #find(
    code: AuditFinding["code"],
    finding: Pick<AuditFinding, "expected" | "found" | "message"> & { readonly seq?: number },
  ): void {
    if (this.#findings.length >= findingsMax) return
    this.#findings.push({ seq: undefined, ...finding, code, file: this.#file, line: this.#line })
  }
}

function gap(seq: number, next: number): string {
  if (seq > next && next === 1) return `the beginning is missing: the first record is number ${seq}`
  if (seq > next) return `records ${next} to ${seq - 1} are missing, or lines were moved`
  if (seq < next) return "this line stands in the wrong place, or was added"
  return "the line before was changed after this one was written, or this one was"
}

interface ParsedLine {
  readonly seq: number
  readonly prev: string
  readonly record: JsonObject
}

function parse(bytes: Buffer): ParsedLine | undefined {
  let record: unknown
  try {
    record = JSON.parse(bytes.toString("utf8"))
  } catch {
    return // the caller reports the line
  }
  if (!isObject(record)) return
  const { seq, prev } = record
  return typeof seq === "number" && typeof prev === "string" ? { seq, prev, record } : undefined
}
