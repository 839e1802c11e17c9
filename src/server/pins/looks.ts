import { type Ref, refKey } from "../../registry/model.ts"

export interface LooksOptions {
  /** Never rejects. */
  readonly look: (server: Ref) => Promise<void>
  readonly everyMs: number
  /** Looks under way at once: a gateway of many servers must not connect to all of them in one moment. */
  readonly atOnceMax: number
}

interface Due {
  readonly server: Ref
  dueMs: number
}

/** Has a look at each pinned server at first and from time to time: a server may change and say nothing. */
export class Looks {
  readonly #options: LooksOptions
  readonly #servers = new Map<string, Due>()
  readonly #underWay = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isOpen = false

  constructor(options: LooksOptions) {
    this.#options = options
  }

  /** From now on these servers are looked at; new ones at once, the others when it is their turn. */
  use(servers: readonly Ref[]): void {
    const wanted = new Map(servers.map((server) => [refKey(server.name, server.version), server]))
    for (const key of this.#servers.keys()) if (!wanted.has(key)) this.#servers.delete(key)
    for (const [key, server] of wanted)
      if (!this.#servers.has(key)) this.#servers.set(key, { server, dueMs: 0 })
    this.#proceed()
  }

  /** Nothing is looked at before. */
  open(): void {
    this.#isOpen = true
    this.#proceed()
  }

  close(): void {
    this.#isOpen = false
    clearTimeout(this.#timer)
  }

  #proceed(): void {
    if (!this.#isOpen) return
    const now = performance.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const [key, due] of this.#servers) {
      if (this.#underWay.has(key)) continue
      if (this.#underWay.size >= this.#options.atOnceMax) break // the next to end goes on from here
      if (due.dueMs <= now) void this.#look(key, due)
      else nextMs = Math.min(nextMs, due.dueMs)
    }
    clearTimeout(this.#timer)
    if (nextMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#proceed(), nextMs - now).unref()
  }

  async #look(key: string, due: Due): Promise<void> {
    this.#underWay.add(key)
    await this.#options.look(due.server)
    // Not all at the same moment the next time.
    due.dueMs = performance.now() + this.#options.everyMs * (0.9 + Math.random() / 5)
    this.#underWay.delete(key)
    this.#proceed()
  }
}
