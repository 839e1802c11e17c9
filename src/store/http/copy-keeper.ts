import type { Good, GoodCopy, Kept, Known } from "./copy.ts"
import { type SignatureCheck, wordsOf } from "./fetch-document.ts"
import { isOlder } from "./published.ts"

export interface CopyKeeperOptions {
  readonly copy: GoodCopy | undefined
  readonly signature: SignatureCheck | undefined
  readonly acceptOlder: boolean
  readonly tell: (event: CopyEvent) => void
}

export interface CopyEvent {
  readonly kind: "copy_unusable" | "copy_unwritten"
  readonly reason: string
}

/** Reads the copy that an earlier process left, and keeps it in step with the source, one write at a time. */
export class CopyKeeper {
  readonly #options: CopyKeeperOptions
  #recalled: Promise<Kept | Error | undefined> | undefined
  #unsaved: Good | undefined
  #saving = Promise.resolve()
  #problem: string | undefined

  constructor(options: CopyKeeperOptions) {
    this.#options = options
  }

  /** Undefined where no copy is kept. */
  get state(): { readonly file: string; readonly problem: string | undefined } | undefined {
    const { copy } = this.#options
    return copy && { file: copy.file, problem: this.#problem }
  }

  /** What was there before this process; an Error where that is not to be used. Read once. */
  recall(): Promise<Kept | Error | undefined> {
    this.#recalled ??= this.#read().catch((error: unknown) => {
      const reason = wordsOf(error)
      this.#problem = reason
      this.#options.tell({ kind: "copy_unusable", reason })
      return new Error(reason, { cause: error })
    })
    return this.#recalled
  }

  /** Another document is in use: the recalled one is not needed any more. */
  forget(): void {
    this.#recalled = Promise.resolve(undefined)
  }

  /** Never rejects: a copy that cannot be written is told of. Resolves when it is on disk, or is not to be. */
  save(good: Good): Promise<void> {
    const { acceptOlder, copy } = this.#options
    if (copy === undefined) return this.#saving
    this.#unsaved = good
    return this.#next(async () => {
      const there = acceptOlder ? undefined : await copy.read().catch(() => undefined)
      const isBehind = there !== undefined && isOlder(good, there) // another gateway is further along
      if (!isBehind) await copy.write(good)
      if (this.#unsaved === good) this.#unsaved = undefined
      this.#problem = undefined
    })
  }

  /** The source says that what was saved last is still the document. As {@link save}; what could not be saved is. */
  async confirm(known: Known): Promise<Known> {
    const { copy } = this.#options
    if (this.#unsaved !== undefined) await this.save(this.#unsaved)
    else if (copy !== undefined) {
      await this.#next(() => copy.confirm(Date.now()))
      // The file may have been removed: the whole document is asked for next, and written again.
      if (this.#problem !== undefined) return unconditional(known)
    }
    return known
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#saving = this.#saving.then(work).catch((error: unknown) => {
      const reason = wordsOf(error)
      if (reason !== this.#problem) this.#options.tell({ kind: "copy_unwritten", reason })
      this.#problem = reason
    })
    return this.#saving
  }

  async #read(): Promise<Kept | undefined> {
    const { copy, signature } = this.#options
    const kept = await copy?.read()
    if (kept === undefined || signature === undefined) return kept
    if (kept.signature === undefined)
      throw new Error("it has no signature, and registry.signature asks for one")
    return { ...kept, ...(await signature.verify(kept.bytes, kept.signature)) }
  }
}

/** What is known, without what would make the next request a conditional one. */
export const unconditional = <K extends Known>(known: K): K => ({
  ...known,
  etag: undefined,
  lastModified: undefined,
})
