import { createHash, randomUUID } from "node:crypto"
import { mkdir, open, rename, rm, stat, utimes } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { Told } from "./answer.ts"

/** What is known of a document, without it. */
export interface Known extends Told {
  readonly signedAtMs?: number | undefined
  /** The detached signature that it was believed for. */
  readonly signature: string | undefined
}

/** A document that may be used, with what is known of it. */
export interface Good extends Known {
  readonly bytes: Buffer
}

/** A good document that was read from disk. */
export interface Kept extends Good {
  /** When the source last said that this is the document. */
  readonly confirmedAtMs: number
}

type Header = Known & { readonly source: string }

const mark = "postern-registry-copy 1 sha256:"
const headerBytesMax = 64 * 1024
/** Then anybody on the machine could put another document in its place. */
const writableByOthers = 0o002

/**
 * The last good document of one source, in one file: a line with the digest of all that follows, a line of JSON, and the
 * document as it came. Its modification time is when the source last confirmed it. It is replaced in one step, so that
 * several gateways may share it and a crash leaves the one before.
 */
export class GoodCopy {
  readonly #file: string
  readonly #source: string
  readonly #origin: string
  readonly #bytesMax: number

  constructor(file: string, url: string, bytesMax: number) {
    this.#file = file
    this.#source = sha256(url) // an address may hold a secret in its query
    this.#origin = new URL(url).origin
    this.#bytesMax = bytesMax
  }

  get file(): string {
    return this.#file
  }

  /** Undefined where there is none. Rejects with an Error, whose message says why, for one that is not to be used. */
  async read(): Promise<Kept | undefined> {
    const found = await this.#load()
    if (found === undefined) return
    const { bytes, mtimeMs } = found
    const [first, rest] = cut(bytes)
    const digest = first.startsWith(mark) ? first.slice(mark.length) : undefined
    if (digest === undefined || rest === undefined)
      throw new Error("it is not a copy that Postern wrote")
    if (sha256(rest) !== digest) throw new Error("it is damaged: its digest is another one")
    const [line, document] = cut(rest)
    const { source, ...header } = readHeader(line)
    if (source !== this.#source) throw new Error("it is a copy of another source")
    if (header.events !== undefined && URL.parse(header.events)?.origin !== this.#origin)
      throw new Error("its stream of changes is at another origin than its source")
    return { ...header, bytes: document ?? Buffer.alloc(0), confirmedAtMs: mtimeMs }
  }

  /** Rejects with an Error where the file cannot be written; then the one before is still there. */
  async write({ bytes, ...header }: Good): Promise<void> {
    const line = JSON.stringify({ source: this.#source, ...header } satisfies Header)
    const rest = Buffer.concat([Buffer.from(`${line}\n`), bytes])
    const folder = dirname(this.#file)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const beside = join(folder, `.${basename(this.#file)}.${randomUUID()}`)
    try {
      await using handle = await open(beside, "wx", 0o600)
      await handle.writeFile(`${mark}${sha256(rest)}\n`)
      await handle.writeFile(rest)
      await handle.sync() // or a power loss could leave the new name with nothing behind it
      await rename(beside, this.#file)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  }

  /** The source says that what was written last is still the document. Rejects as {@link write} does. */
  async confirm(atMs: number): Promise<void> {
    await utimes(this.#file, atMs / 1_000, atMs / 1_000)
  }

  async #load(): Promise<{ readonly bytes: Buffer; readonly mtimeMs: number } | undefined> {
    try {
      const found = await stat(this.#file)
      if (!found.isFile()) throw new Error("it is not a file") // opening a pipe would wait for its writer
      await using handle = await open(this.#file, "r")
      const { mode, mtimeMs, size } = await handle.stat()
      if ((mode & writableByOthers) !== 0)
        throw new Error("everybody may write it; make it writable for its owner only")
      if (size > this.#bytesMax + headerBytesMax)
        throw new RangeError(`it has ${size} bytes; at most ${this.#bytesMax} are read`)
      return { bytes: await handle.readFile(), mtimeMs }
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return
      throw error
    }
  }
}

const sha256 = (of: string | Buffer): string => createHash("sha256").update(of).digest("hex")

/** The first line, and what follows it; undefined where it is not ended. */
function cut(bytes: Buffer): readonly [string, Buffer | undefined] {
  const end = bytes.subarray(0, headerBytesMax).indexOf("\n")
  return end < 0 ? ["", undefined] : [bytes.toString("utf8", 0, end), bytes.subarray(end + 1)]
}

/** The digest has been checked: this was written by {@link GoodCopy.write}, or by somebody who means harm. */
function readHeader(line: string): Header {
  const read: unknown = JSON.parse(line)
  const said = new Map(Object.entries(Object(read)))
  const text = (key: string) => {
    const value = said.get(key)
    return typeof value === "string" ? value : undefined
  }
  const time = (key: string) => {
    const value = said.get(key)
    return typeof value === "number" ? value : undefined
  }
  return {
    source: text("source") ?? "",
    etag: text("etag"),
    lastModified: text("lastModified"),
    signature: text("signature"),
    signedAtMs: time("signedAtMs"),
    modifiedAtMs: time("modifiedAtMs"),
    events: text("events"),
  }
}
