import { hash } from "node:crypto"
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  writeSync,
} from "node:fs"
import { dirname } from "node:path"
import type { AuditRecord } from "../../call/audit.ts"
import { type FileLock, lockFile } from "../../store/file-lock.ts"
import { lineBufferBytes, noHash, writeLine } from "./line.ts"
import { readTail, type Tail } from "./tail.ts"

/** The last record of a chain: an anchor, when it is kept somewhere else. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

/** Lines of one turn of the event loop, as a rule; more are written in between. */
const stageBytes = 32 * lineBufferBytes

/**
 * A file of chained lines that this process alone appends to. A line is either there as a whole or not at all: half a
 * line, of this process or of the one before, is cut off before anything follows it.
 */
export class Chain {
  readonly #fd: number
  readonly #lock: FileLock | undefined
  /** Devices and pipes cannot be cut, forced to disk or read back. */
  readonly #isRegular: boolean
  readonly #buffer = Buffer.alloc(stageBytes)
  /** Bytes of `#buffer` that wait to be written. */
  #staged = 0
  #head: Head
  /** The head as it will be when they are. */
  #next: Head
  #end: number
  #isTorn = false
  /** What was found at the end of the file. */
  readonly tail: Tail

  /** Throws an Error with the reason when the file cannot be written, is no audit, or belongs to another process. */
  constructor(file: string) {
    makeFolder(dirname(file))
    const { O_RDWR, O_CREAT, O_APPEND } = constants
    this.#fd = openSync(file, O_RDWR | O_CREAT | O_APPEND, 0o600)
    const { mode, uid } = fstatSync(this.#fd)
    this.#isRegular = (mode & constants.S_IFMT) === constants.S_IFREG
    try {
      this.#lock = this.#isRegular ? lockFile(file) : undefined
      if (this.#isRegular && (mode & 0o077) !== 0 && uid === process.getuid?.())
        fchmodSync(this.#fd, 0o600)
      this.tail = this.#isRegular ? readTail(this.#fd) : nothing
    } catch (error) {
      this.#lock?.release()
      closeSync(this.#fd)
      throw error
    }
    const { seq, hash: last, end, droppedBytes } = this.tail
    this.#head = { seq, hash: last }
    this.#next = this.#head
    this.#end = end
    this.#isTorn = droppedBytes > 0
  }

  head(): Head {
    return this.#head
  }

  /** Nothing more can wait: {@link flush} comes before the next {@link stage}. */
  get isFull(): boolean {
    return this.#staged + lineBufferBytes > this.#buffer.length
  }

  /** Puts a record behind those that wait for {@link flush}. Throws when it cannot become a line; the others still wait. */
  stage(record: AuditRecord): void {
    const { seq, hash: prev } = this.#next
    const link = { seq: seq + 1, prev }
    const start = this.#staged
    const bytes = writeLine(this.#buffer, record, link, start)
    this.#staged += bytes
    const line = this.#buffer.subarray(start, start + bytes - 1)
    this.#next = { seq: link.seq, hash: hash("sha256", line) }
  }

  /** Writes what waits; throws when it could not be written as a whole, and then none of it is there. */
  flush(): void {
    const bytes = this.#staged
    this.#staged = 0
    if (bytes === 0) return
    try {
      this.#write(bytes)
      this.#head = this.#next
    } finally {
      this.#next = this.#head
    }
  }

  #write(bytes: number): void {
    if (this.#isTorn) this.#cut()
    this.#isTorn = true // until it is known that all of it is there
    const written = writeSync(this.#fd, this.#buffer, 0, bytes)
    if (written !== bytes) {
      this.#cut()
      throw new Error(`only ${written} of ${bytes} bytes could be written`)
    }
    this.#isTorn = false
    this.#end += bytes
  }

  /** Forces what was appended to disk. */
  async sync(): Promise<void> {
    if (!this.#isRegular) return
    await new Promise<void>((resolve, reject) =>
      fdatasync(this.#fd, (error) => (error ? reject(error) : resolve())),
    )
  }

  syncNow(): void {
    if (this.#isRegular) fdatasyncSync(this.#fd)
  }

  close(): void {
    closeSync(this.#fd)
    this.#lock?.release()
  }

  #cut(): void {
    if (this.#isRegular) ftruncateSync(this.#fd, this.#end)
    this.#isTorn = false
  }
}

const nothing: Tail = { seq: 0, hash: noHash, end: 0, droppedBytes: 0, openBegins: [] }

/** Node's own `recursive` never returns where a parent has no such entry and can get none, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}
