import { createHash } from "node:crypto"
import type { Planned } from "../compose/load.ts"
import type { Catalog } from "../registry/catalog.ts"
import type { Problem } from "../registry/problem.ts"
import {
  type DocumentSource,
  type ReadDocument,
  SourceAway,
  Unreadable,
  type Watch,
} from "../store/source.ts"
import { inSlices } from "./slices.ts"

/** A sound document: what the gateway may go over to. */
export interface Accepted {
  readonly catalog: Catalog
  /** Of all its compositions that can be called. */
  readonly plans: Planned["plans"]
  /** Warnings and notes; no errors. */
  readonly problems: readonly Problem[]
}

export interface ReloadOptions {
  readonly source: DocumentSource
  readonly load: (document: ReadDocument) => Generator<void, Planned, void>
  /** How long loading may work before waiting calls get their turn. */
  readonly sliceMs: number
  readonly now: () => number
  /** Goes over to a catalog: swaps the one reference. Not called when the document means the same as the last one. */
  readonly onAccepted: (accepted: Accepted, state: RegistryState) => void
  /** The document is not sound: the catalog in use stays. Called once for each such document. */
  readonly onRefused: (problems: readonly Problem[], state: RegistryState) => void
  /** The document is again the one in use, after another that was refused. */
  readonly onRecovered?: (state: RegistryState) => void
  /** Loading, or going over, threw: a bug. The catalog in use stays. */
  readonly onBug: (error: unknown) => void
}

/** What is in use, for `/status`, metrics and readiness. Times are milliseconds since the epoch. */
export interface RegistryState {
  /** How many catalogs there have been; 0 before the first. */
  readonly generation: number
  readonly digest: string | undefined
  readonly loadedAtMs: number | undefined
  /** How many documents were refused. */
  readonly refusals: number
  /** Undefined when the document is the one in use, or when there is one in use and the source is away. */
  readonly lastError: { readonly atMs: number; readonly problems: readonly Problem[] } | undefined
  /**
   * Loading the last document threw, so it is not known whether it is valid. Undefined once another has been judged.
   */
  readonly bug: { readonly atMs: number; readonly message: string } | undefined
}

/**
 * How long a start waits for a source that cannot be reached and of which nothing was kept, and what ends the wait
 * early.
 */
export interface Waiting {
  readonly waitMs: number
  readonly signal: AbortSignal | undefined
}

/** Keeps the catalog and its source together. One document is loaded at a time; of those that come meanwhile, the last. */
export class Registry {
  readonly #options: ReloadOptions
  #state: RegistryState = {
    generation: 0,
    digest: undefined,
    loadedAtMs: undefined,
    refusals: 0,
    lastError: undefined,
    bug: undefined,
  }
  /** Hashes of the text in use and of the last text tried, or the error that kept it from being read. */
  #inUse: string | undefined
  #tried: string | undefined
  #running: Promise<void> | undefined
  #again = false
  #watch: Watch | undefined
  readonly #closed = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  /** The last attempt that ended found the source away. */
  #isAway = false
  #wentBack = false

  constructor(options: ReloadOptions) {
    this.#options = options
  }

  state(): RegistryState {
    return this.#state
  }

  /**
   * Loads the document as it is and, from then on, whenever it changes. Resolves when the first was accepted or refused;
   * where there is none that can be used, with the one that was kept before this process, if it can.
   */
  async start(waiting?: Waiting): Promise<RegistryState> {
    const watch = await this.#options.source.watch(() => void this.reload())
    this.#watch = watch
    waiting?.signal?.addEventListener("abort", () => watch.close()) // also the first fetch ends
    await this.reload()
    if (this.#state.generation === 0 && this.#isAway && waiting !== undefined)
      await this.#wait(waiting)
    return this.#state
  }

  /** Looks at the source at once. Resolves when what it found is in use, or refused. Never rejects. */
  reload(): Promise<void> {
    this.#again = true
    this.#running ??= this.#run()
    return this.#running
  }

  async close(): Promise<void> {
    this.#watch?.close()
    this.#closed.abort(closed)
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed.signal.aborted) {
      this.#again = false
      await this.#attempt()
    }
    this.#running = undefined
  }

  async #attempt(): Promise<void> {
    const { source } = this.#options
    await this.#from(() => source.read())
    if (this.#state.generation === 0 && !this.#wentBack) await this.#goBack()
  }

  /** Never rejects. */
  async #from(read: () => Promise<ReadDocument | undefined>): Promise<void> {
    let document: ReadDocument | undefined
    try {
      document = await read()
      this.#isAway = false
    } catch (error) {
      return this.#unreadable(error)
    }
    try {
      if (document !== undefined) await this.#take(document)
      else if (this.#inUse !== undefined && this.#tried !== this.#inUse) this.#recover(this.#inUse)
    } catch (error) {
      if (error !== closed) this.#stumble(error)
    }
  }

  /** To what was kept before this process. What is wrong with the document at the source stays known, and is in the state. */
  async #goBack(): Promise<void> {
    this.#wentBack = true
    const isAway = this.#isAway
    const tried = this.#tried
    const { bug, lastError } = this.#state
    await this.#from(async () => this.#options.source.lastGood?.())
    this.#isAway = isAway
    const { generation, lastError: second } = this.#state
    if (generation > 0 && !isAway) {
      this.#tried = tried
      this.#state = { ...this.#state, bug, lastError }
    } else if (generation === 0 && second !== undefined && second !== lastError) {
      const problems = [...(lastError?.problems ?? []), ...second.problems]
      this.#state = { ...this.#state, lastError: { ...second, problems } }
    }
  }

  async #wait({ signal, waitMs }: Waiting): Promise<void> {
    const over = Promise.withResolvers<void>()
    const timer = setTimeout(over.resolve, waitMs)
    signal?.addEventListener("abort", () => over.resolve())
    if (signal?.aborted) over.resolve()
    await Promise.race([this.#first.promise, over.promise])
    clearTimeout(timer)
  }

  async #take(document: ReadDocument): Promise<void> {
    const { load, sliceMs, source } = this.#options
    const slicing = { sliceMs, signal: this.#closed.signal }
    const hash = await inSlices(hashOf(document.text), slicing)
    if (hash === this.#inUse) source.keep?.(document) // the same text, and perhaps more is known of it
    if (hash === this.#tried) return
    if (hash === this.#inUse) return this.#recover(hash)
    const { catalog, plans, problems } = await inSlices(load(document), slicing)
    this.#tried = hash
    if (catalog === undefined) return this.#refuse(problems)
    this.#accept({ catalog, plans, problems }, hash)
    source.keep?.(document)
    this.#first.resolve()
  }

  #accept(accepted: Accepted, hash: string): void {
    const state = {
      ...this.#state,
      generation: this.#state.generation + 1,
      digest: accepted.catalog.digest,
      loadedAtMs: this.#options.now(),
      lastError: undefined,
      bug: undefined,
    }
    this.#options.onAccepted(accepted, state)
    this.#inUse = hash
    this.#state = state
  }

  #refuse(problems: readonly Problem[]): void {
    const lastError = { atMs: this.#options.now(), problems }
    const refusals = this.#state.refusals + 1
    this.#state = { ...this.#state, refusals, lastError, bug: undefined }
    this.#options.onRefused(problems, this.#state)
  }

  #stumble(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#state = { ...this.#state, bug: { atMs: this.#options.now(), message } }
    this.#options.onBug(error)
  }

  #recover(hash: string): void {
    this.#tried = hash
    this.#state = { ...this.#state, lastError: undefined, bug: undefined }
    this.#options.onRecovered?.(this.#state)
  }

  /**
   * Not there, too large, not text, a program that failed: in each case the catalog in use stays. A source that is away
   * says nothing against it, and is told of by the source itself.
   */
  #unreadable(error: unknown): void {
    if (this.#closed.signal.aborted) return
    this.#isAway = error instanceof SourceAway
    if (error instanceof SourceAway) {
      if (this.#state.generation === 0)
        this.#state = {
          ...this.#state,
          lastError: { atMs: this.#options.now(), problems: [error.problem] },
        }
      return
    }
    const reason = error instanceof Error ? error.message : String(error)
    if (this.#tried === reason) return
    this.#tried = reason
    this.#refuse([error instanceof Unreadable ? error.problem : this.#problemOf(error, reason)])
  }

  #problemOf(error: unknown, reason: string): Problem {
    const { file } = this.#options.source
    const code = error instanceof RangeError ? "document_too_large" : "document_unreadable"
    const message = `the registry document cannot be read: ${reason}`
    return { code, severity: "error", pointer: "", message, file }
  }
}

const closed = new Error("the gateway stops")

const hashedAtOnce = 1024 * 1024

/** SHA-256 in hex, with a place to pause after each mebibyte: a large document would hold up the calls. */
function* hashOf(text: string): Generator<void, string, void> {
  const bytes = Buffer.from(text)
  const hash = createHash("sha256")
  for (let start = 0; start < bytes.length; start += hashedAtOnce) {
    hash.update(bytes.subarray(start, start + hashedAtOnce))
    yield
  }
  return hash.digest("hex")
}
