import type { Listed, ListKind } from "../../call/backends.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { BackendLimits } from "./limits.ts"
import type { ReadList } from "./read-list.ts"

/** What is known of one list. */
interface Known {
  readonly items: readonly JsonObject[]
  readonly plain: readonly JsonObject[]
  /** Equal texts are equal lists. */
  readonly text: string
  freshUntilMs: number
}

interface Reading {
  readonly done: Promise<void>
  /** Until when those who ask wait for it. */
  readonly untilMs: number
}

interface Shelf {
  known: Known | undefined
  reading: Reading | undefined
  /** It changed while it was read: the reading is out of date already. */
  isOutdated: boolean
  /** A server that failed to list is not asked again before this time. */
  notBeforeMs: number
}

const nothing: readonly JsonObject[] = []
const ttlMaxMs = 24 * 60 * 60_000
const failedWaitMs = 1_000

/**
 * The lists of one server, read when they are asked for and kept as long as the server allows. Where many ask at once
 * it is read once, and a slow server holds nobody up for longer than `listWaitMs`.
 */
export class Lists {
  readonly #limits: BackendLimits
  readonly #read: (kind: ListKind) => Promise<ReadList>
  readonly #changed: (kind: ListKind) => void
  readonly #shelves = new Map<ListKind, Shelf>()

  /** `changed` is told when a list is another than was known. */
  constructor(
    limits: BackendLimits,
    read: (kind: ListKind) => Promise<ReadList>,
    changed: (kind: ListKind) => void,
  ) {
    this.#limits = limits
    this.#read = read
    this.#changed = changed
  }

  async get(kind: ListKind, need: "fresh" | "known"): Promise<Listed> {
    const shelf = this.#shelf(kind)
    const now = performance.now()
    const { known } = shelf
    const isGood = known !== undefined && (need === "known" || known.freshUntilMs > now)
    if (!isGood && now >= shelf.notBeforeMs) await this.#wait(this.#reading(shelf, kind), now)
    return listed(shelf.known)
  }

  /** What is known of a list without asking anybody. */
  known(kind: ListKind): readonly JsonObject[] | undefined {
    return this.#shelves.get(kind)?.known?.plain
  }

  /** The server says that these lists are not what they were. */
  outdate(kinds: readonly ListKind[]): void {
    for (const kind of kinds) {
      const shelf = this.#shelf(kind)
      if (shelf.reading !== undefined) shelf.isOutdated = true
      expire(shelf)
    }
  }

  /** The server was away, and may be another now. What is being read is read from the one that came back. */
  reconnected(): void {
    for (const shelf of this.#shelves.values()) expire(shelf)
  }

  #shelf(kind: ListKind): Shelf {
    const there = this.#shelves.get(kind)
    if (there !== undefined) return there
    const shelf = { known: undefined, reading: undefined, isOutdated: false, notBeforeMs: 0 }
    this.#shelves.set(kind, shelf)
    return shelf
  }

  #reading(shelf: Shelf, kind: ListKind): Reading {
    shelf.reading ??= {
      done: this.#fill(shelf, kind),
      untilMs: performance.now() + this.#limits.listWaitMs,
    }
    return shelf.reading
  }

  async #wait({ done, untilMs }: Reading, now: number): Promise<void> {
    if (untilMs <= now) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, untilMs - now)
    await Promise.race([done, promise])
    clearTimeout(late)
  }

  async #fill(shelf: Shelf, kind: ListKind): Promise<void> {
    const list = await this.#read(kind)
    const now = performance.now()
    shelf.reading = undefined
    const { isOutdated } = shelf
    shelf.isOutdated = false
    if (list.kind === "failure") {
      shelf.notBeforeMs = now + failedWaitMs
      return
    }
    const { items, plain } = list
    const ttlMs = Math.min(list.ttlMs ?? this.#limits.listTtlMs, ttlMaxMs)
    const freshUntilMs = isOutdated ? 0 : now + ttlMs
    const text = JSON.stringify(items)
    if (shelf.known?.text === text) {
      shelf.known.freshUntilMs = freshUntilMs // the arrays stay, and with them what was made of them
      return
    }
    shelf.known = { items, plain, text, freshUntilMs }
    this.#changed(kind)
  }
}

function expire(shelf: Shelf): void {
  shelf.notBeforeMs = 0
  if (shelf.known !== undefined) shelf.known.freshUntilMs = 0
}

function listed(known: Known | undefined): Listed {
  if (known === undefined) return { items: nothing, plain: nothing, ttlMs: 0, isKnown: false }
  const { items, plain, freshUntilMs } = known
  const ttlMs = Math.max(0, Math.floor(freshUntilMs - performance.now()))
  return { items, plain, ttlMs, isKnown: true }
}
