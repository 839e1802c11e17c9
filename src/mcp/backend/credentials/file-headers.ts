import { stat } from "node:fs/promises"
import type { Failure } from "../failure.ts"
import { isHeaderText, type Reveal, type SecretFile } from "../secret-text.ts"
import type { Credential, Obtained, ProofHeaders } from "./credential.ts"

/** Between two looks at a file that is in use. */
const lookMs = 1_000

/**
 * Headers whose values stand in files that others replace: mounted secrets, tokens of a service account. A file is
 * checked at most once a second, and its old value is used meanwhile; a file that cannot be read leaves the old value
 * in force.
 */
export class FileHeaders implements Credential {
  readonly #files: ReadonlyMap<string, SecretFile>
  readonly #now: () => number
  readonly #reveal: Reveal
  readonly #unreadable: (reason: string) => void
  #headers: ProofHeaders | undefined
  #stamps: readonly string[] = []
  #nextLookMs = 0
  #told: string | undefined
  #look: Promise<Failure | undefined> | undefined

  constructor(
    files: ReadonlyMap<string, SecretFile>,
    ports: { now(): number; readonly reveal: Reveal; unreadable(reason: string): void },
  ) {
    this.#files = files
    this.#now = ports.now
    this.#reveal = ports.reveal
    this.#unreadable = ports.unreadable
  }

  headers(): ProofHeaders | undefined {
    if (this.#headers !== undefined && this.#now() >= this.#nextLookMs) void this.#lookAgain()
    return this.#headers
  }

  async obtain(): Promise<Obtained> {
    const failure = await this.#lookAgain()
    if (this.#headers !== undefined) return { ok: true, headers: this.#headers }
    return { ok: false, failure: failure ?? unread("there is nothing in it") }
  }

  async renew(refused: ProofHeaders): Promise<ProofHeaders | undefined> {
    if (this.#headers === refused) await this.#lookAgain()
    return this.#headers === refused ? undefined : this.#headers
  }

  #lookAgain(): Promise<Failure | undefined> {
    this.#look ??= this.#read().finally(() => {
      this.#look = undefined
      this.#nextLookMs = this.#now() + lookMs
    })
    return this.#look
  }

  /** Undefined when all files could be read. */
  async #read(): Promise<Failure | undefined> {
    try {
      const stamps = await Promise.all([...this.#files.values()].map(stampOf))
      if (stamps.every((stamp, index) => stamp === this.#stamps[index])) return
      const headers = (await Promise.all([...this.#files].map(this.#readHeader))).flat()
      this.#stamps = stamps
      this.#told = undefined
      if (headers.every((text, index) => text === this.#headers?.[index])) return
      this.#headers = headers
      return
    } catch (error) {
      const failure = unread(error instanceof Error ? error.message : String(error))
      if (failure.reason !== this.#told) this.#unreadable(failure.reason) // once, not every second
      this.#told = failure.reason
      return failure
    }
  }

  readonly #readHeader = async ([name, secret]: readonly [string, SecretFile]) => {
    const text = await this.#reveal(secret)
    if (!isHeaderText(text)) throw new Error(`${secret.file} holds what no header can carry`)
    return [name, text]
  }
}

/** What differs when a file, or what a link to it points to, was replaced or written. */
async function stampOf({ file }: SecretFile): Promise<string> {
  const { dev, ino, mtimeMs, size } = await stat(file)
  return `${dev} ${ino} ${mtimeMs} ${size}`
}

const unread = (reason: string): Failure => ({
  code: "backend_unavailable",
  kind: "token",
  reason: `the secret of this server cannot be read: ${reason}`,
})
