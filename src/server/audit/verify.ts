import { hash } from "node:crypto"
import { createReadStream } from "node:fs"
import { isObject, type JsonObject } from "../../schema/json.ts"
import type { Head } from "./chain.ts"
import { noHash } from "./line.ts"

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

const findingsMax = 1_000

/**
 * Reads audit files, in the order in which they continue each other, and says where the chain does not hold: a changed,
 * removed, inserted or moved line. A cut-off end shows only against `expect`, the hash of a record kept elsewhere, which
 * must be among them. After a finding it goes on from what is there, so that one change is few findings.
 */
export async function verifyAudit(
  files: readonly string[],
  { expect }: { readonly expect?: string } = {},
): Promise<Verified> {
  const check = new Check(expect)
  for (const file of files) await check.file(file)
  return check.verified()
}

class Check {
  readonly #findings: AuditFinding[] = []
  readonly #open = new Map<string, OpenBegin>()
  readonly #expected: string | undefined
  #isExpectedSeen = false
  #records = 0
  #file = ""
  #line = 0
  #head: Head = { seq: 0, hash: noHash }

  constructor(expected: string | undefined) {
    this.#expected = expected
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

  async file(file: string): Promise<void> {
    this.#file = file
    this.#line = 0
    try {
      for await (const { bytes, isWhole } of lines(file)) {
        this.#line++
        if (isWhole) this.#whole(bytes)
        else this.#half(bytes)
      }
    } catch (error) {
      const message = `cannot be read: ${error instanceof Error ? error.message : error}`
      this.#find("unreadable", { expected: "a file", found: "none", message })
    }
  }

  #whole(bytes: Buffer): void {
    const record = parsed(bytes)
    const found = { seq: this.#head.seq + 1, hash: hash("sha256", bytes) }
    if (record === undefined)
      this.#find("not_a_record", {
        expected: "a record",
        found: `${bytes.length} bytes`,
        message: "this line is no audit record",
      })
    else {
      this.#records++
      this.#link(record)
      this.#checkpoint(record)
      this.#begins(record)
      found.seq = record.seq
    }
    this.#head = found
    if (found.hash === this.#expected) this.#isExpectedSeen = true
  }

  #link({ seq, prev }: ParsedRecord): void {
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

  #checkpoint({ kind, seq, note }: ParsedRecord): void {
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

  #begins({ kind, id, seq }: ParsedRecord): void {
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

interface ParsedRecord {
  readonly seq: number
  readonly prev: string
  readonly kind: string
  readonly id: string
  readonly note: JsonObject
}

function parsed(bytes: Buffer): ParsedRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString("utf8"))
  } catch {
    return // the caller reports the line
  }
  if (!isObject(value)) return
  const { seq, prev, kind, id, note } = value
  if (typeof seq !== "number" || typeof prev !== "string") return
  return { seq, prev, kind: String(kind), id: String(id), note: isObject(note) ? note : {} }
}

const newline = 0x0a
/** Longer lines than any record has are not gathered whole: their first part is enough to see that. */
const gatheredMax = 1024 * 1024

/** The lines of a file as bytes, without newlines; the last one is not whole when no newline follows it. */
async function* lines(file: string): AsyncGenerator<{ bytes: Buffer; isWhole: boolean }> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: gatheredMax })) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
      yield { bytes: bytes.subarray(from, at), isWhole: true }
      from = at + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > gatheredMax) rest = rest.subarray(-gatheredMax)
  }
  if (rest.length > 0) yield { bytes: rest, isWhole: false }
}
