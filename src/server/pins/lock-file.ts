import type { LoadLimits } from "../../registry/limits.ts"
import { emptyLock, type Lock } from "../../registry/pins/lock.ts"
import { readLock } from "../../registry/pins/read-lock.ts"
import type { Problem } from "../../registry/problem.ts"
import type { FileSource } from "../../store/file-source.ts"
import type { Watch } from "../../store/source.ts"
import { inSlices } from "../slices.ts"

export interface LockFileOptions {
  readonly source: FileSource
  readonly limits: LoadLimits
  readonly sliceMs: number
  readonly now: () => number
  readonly onLock: (lock: Lock) => void
  /** Once for each text that is refused; the lock in use stays. */
  readonly onRefused: (problems: readonly Problem[]) => void
}

/** What is in use, for `/status`. */
export interface LockState {
  readonly loadedAtMs: number | undefined
  /** Why the file is not what is in use. */
  readonly problems: readonly Problem[]
}

/** Keeps the lock and its file together, as the registry and its file are. That there is no file at first is no fault. */
export class LockFile {
  readonly #options: LockFileOptions
  #state: LockState = { loadedAtMs: undefined, problems: [] }
  #text: string | undefined
  #watch: Watch | undefined
  #running: Promise<void> = Promise.resolve()
  readonly #closed = new AbortController()

  constructor(options: LockFileOptions) {
    this.#options = options
  }

  get state(): LockState {
    return this.#state
  }

  /** Reads the file as it is and, from then on, whenever it changes. */
  async start(): Promise<LockState> {
    this.#watch = await this.#options.source.watch(() => void this.#reload())
    await this.#reload()
    return this.#state
  }

  /** One after another: the last text is the last that is taken. */
  #reload(): Promise<void> {
    this.#running = this.#running.then(() => this.#attempt())
    return this.#running
  }

  async #attempt(): Promise<void> {
    const { source, limits, sliceMs, now, onLock } = this.#options
    const { signal } = this.#closed
    if (signal.aborted) return
    try {
      const { text } = await source.read()
      if (text === this.#text) return this.#take(text, this.#state.loadedAtMs)
      const reading = await inSlices(readLock(text, limits), { sliceMs, signal })
      if (!reading.ok) return this.#refuse(reading.problems)
      this.#take(text, now())
      onLock(reading.lock)
    } catch (error) {
      if (!signal.aborted) this.#unreadable(error)
    }
  }

  #take(text: string, loadedAtMs: number | undefined): void {
    this.#text = text
    this.#state = { loadedAtMs, problems: [] }
  }

  #unreadable(error: unknown): void {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT"
    if (isMissing && this.#text === undefined) {
      this.#state = { loadedAtMs: undefined, problems: [] }
      this.#options.onLock(emptyLock)
      return
    }
    const reason = error instanceof Error ? error.message : String(error)
    const message = `the lock cannot be read: ${reason}`
    this.#refuse([{ code: "lock_unreadable", severity: "error", pointer: "", message }])
  }

  #refuse(problems: readonly Problem[]): void {
    const { source, onRefused } = this.#options
    const placed = problems.map((problem) => ({ ...problem, file: source.file }))
    this.#state = { ...this.#state, problems: placed }
    onRefused(placed)
  }

  async close(): Promise<void> {
    this.#watch?.close()
    this.#closed.abort()
    await this.#running
  }
}
