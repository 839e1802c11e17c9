import {
  type DocumentSource,
  decoded,
  type ReadDocument,
  SourceAway,
  Unreadable,
  type Watch,
} from "../source.ts"
import type { Good, GoodCopy, Known } from "./copy.ts"
import { type CopyEvent, CopyKeeper, unconditional } from "./copy-keeper.ts"
import { Events } from "./events.ts"
import { DocumentFetch, type FetchOptions, Misunderstood, placeOf } from "./fetch-document.ts"
import { Schedule } from "./schedule.ts"

export interface HttpSourceOptions extends FetchOptions {
  readonly refreshMs: number
  /** Listen where the source says that it tells of changes. */
  readonly events: boolean
  readonly copy: GoodCopy | undefined
  readonly tell: (event: SourceEvent) => void
}

export type SourceEvent =
  | CopyEvent
  | { readonly kind: "away"; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: "back" }
  | { readonly kind: "copy_used"; readonly ageMs: number }

/** How a source is doing. Times are milliseconds since the epoch. */
export interface HttpSourceState {
  /** When the source last said that what is in use is the document. */
  readonly confirmedAtMs: number | undefined
  /** How long ago that is, also where the clock was set back meanwhile. */
  readonly ageMs: number
  /** What is in use was kept from before this process, and was not confirmed since. */
  readonly isFromCopy: boolean
  /** Undefined while the source answers. */
  readonly away:
    | { readonly sinceMs: number; readonly attempts: number; readonly reason: string }
    | undefined
  readonly nextAtMs: number
  readonly events: "none" | "connecting" | "open"
  readonly copy: CopyKeeper["state"]
  readonly fetches: Readonly<Record<"changed" | "unchanged" | "refused" | "away", number>>
}

interface Confirmed {
  readonly atMs: number
  /** Its age when this process heard of it, and when that was by the clock that nobody sets. */
  readonly ageMs: number
  readonly heardMs: number
}

const confirmedAt = (atMs: number): Confirmed => ({
  atMs,
  ageMs: Math.max(0, Date.now() - atMs),
  heardMs: performance.now(),
})

/** By either clock, whichever says more: one may have been set back, the other stands still while a machine sleeps. */
const ageOf = ({ atMs, ageMs, heardMs }: Confirmed): number =>
  Math.max(Date.now() - atMs, ageMs + performance.now() - heardMs)

/** A document on its way into use. */
interface Offer {
  readonly document: ReadDocument
  readonly good: Good
  /** Of one from the copy, which the source did not confirm yet. */
  readonly confirmedAtMs: number | undefined
}

/**
 * A document at an address. It is asked for again and again, only if it is another one; what was found good is kept in a
 * file for the time when the source is away; what is older than that, or is not signed where it must be, is refused.
 */
export class HttpSource implements DocumentSource {
  /** The address, without its query. */
  readonly file: string
  readonly #options: HttpSourceOptions
  readonly #fetch: DocumentFetch
  readonly #keeper: CopyKeeper
  readonly #schedule: Schedule
  readonly #events: Events
  readonly #closed = new AbortController()
  readonly #fetches = { changed: 0, unchanged: 0, refused: 0, away: 0 }
  #offer: Offer | undefined
  #inUse: Known | undefined
  #lastConfirmed: Confirmed | undefined
  #isFromCopy = false
  #away: HttpSourceState["away"]

  constructor(options: HttpSourceOptions) {
    const { limits, proof, refreshMs, tls, url } = options
    this.#options = options
    this.file = placeOf(url)
    this.#fetch = new DocumentFetch(options)
    this.#keeper = new CopyKeeper(options)
    this.#schedule = new Schedule({ refreshMs, retryMaxMs: limits.retryMaxMs })
    this.#events = new Events({
      request: async (address, headers) => {
        const own = await proof?.headers()
        return { url: address, place: this.file, tls, headers: { ...own, ...headers } }
      },
      changed: () => this.#schedule.hurry(),
      idleMs: limits.eventsIdleMs,
      retryMaxMs: limits.retryMaxMs,
    })
  }

  state(): HttpSourceState {
    return {
      confirmedAtMs: this.#lastConfirmed?.atMs,
      ageMs: this.#lastConfirmed === undefined ? 0 : ageOf(this.#lastConfirmed),
      isFromCopy: this.#isFromCopy,
      away: this.#away,
      nextAtMs: Date.now() + this.#schedule.nextInMs,
      events: this.#events.state,
      copy: this.#keeper.state,
      fetches: this.#fetches,
    }
  }

  async watch(changed: () => void): Promise<Watch> {
    this.#schedule.start(changed)
    return { close: () => this.close() }
  }

  close(): void {
    this.#closed.abort()
    this.#schedule.close()
    this.#events.close()
  }

  async read(): Promise<ReadDocument | undefined> {
    this.#schedule.begin()
    try {
      const document = await this.#look()
      this.#answered(document === undefined ? "unchanged" : "changed")
      return document
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  keep(document: ReadDocument): void {
    if (this.#offer?.document !== document) return
    const { confirmedAtMs, good } = this.#offer
    const { bytes: _, ...known } = good
    this.#offer = undefined
    this.#keeper.forget()
    this.#inUse = known
    this.#isFromCopy = confirmedAtMs !== undefined
    this.#lastConfirmed = confirmedAt(confirmedAtMs ?? Date.now())
    if (confirmedAtMs === undefined) {
      void this.#keeper.save(good)
      this.#follow(known.events)
    } else {
      this.#options.tell({ kind: "copy_used", ageMs: ageOf(this.#lastConfirmed) })
    }
  }

  async lastGood(): Promise<ReadDocument | undefined> {
    const kept = await this.#keeper.recall()
    if (kept instanceof Error) throw this.#unusable(kept.message)
    return kept && this.#offered(kept, kept.confirmedAtMs)
  }

  async #look(): Promise<ReadDocument | undefined> {
    const recalled = await this.#keeper.recall()
    const kept = recalled instanceof Error ? undefined : recalled
    const known = this.#inUse ?? kept
    const found = await this.#fetch.fetch(known, this.#closed.signal)
    if (found.kind === "document") return this.#offered(found.good, undefined)
    const events = found.events ?? known?.events
    if (this.#inUse !== undefined) return this.#confirmed(this.#inUse, events)
    return kept && this.#offered({ ...kept, events }, undefined)
  }

  #offered(good: Good, confirmedAtMs: number | undefined): ReadDocument {
    const document = { text: decoded(good.bytes), provenance: { file: this.file } }
    this.#offer = { document, good, confirmedAtMs }
    return document
  }

  #confirmed(known: Known, events: string | undefined): undefined {
    this.#lastConfirmed = confirmedAt(Date.now())
    this.#isFromCopy = false
    this.#follow(events)
    void this.#keeper.confirm(known).then((still) => {
      if (this.#inUse === known) this.#inUse = still
    })
  }

  #follow(events: string | undefined): void {
    if (this.#options.events) this.#events.follow(events)
  }

  #answered(outcome: "changed" | "unchanged"): void {
    this.#fetches[outcome]++
    this.#schedule.succeeded()
    this.#isBack()
  }

  #isBack(): void {
    if (this.#away !== undefined) this.#options.tell({ kind: "back" })
    this.#away = undefined
  }

  #failed(error: unknown): void {
    if (this.#closed.signal.aborted) return
    if (error instanceof Misunderstood && this.#inUse !== undefined)
      this.#inUse = unconditional(this.#inUse)
    if (error instanceof SourceAway) this.#isAway(error)
    else {
      this.#fetches.refused++
      this.#schedule.failed()
      this.#isBack()
    }
  }

  #isAway({ message: reason, retryAfterMs }: SourceAway): void {
    this.#fetches.away++
    const retryInMs = this.#schedule.failed(retryAfterMs)
    const before = this.#away
    if (before?.reason !== reason)
      this.#options.tell({ kind: "away", reason, retryInMs: Math.round(retryInMs) })
    this.#away = {
      sinceMs: before?.sinceMs ?? Date.now(),
      attempts: (before?.attempts ?? 0) + 1,
      reason,
    }
  }

  #unusable(reason: string): Unreadable {
    return new Unreadable({
      code: "registry_copy_unusable",
      severity: "error",
      pointer: "",
      message: `the copy of the registry document cannot be used: ${reason}`,
      hint: "remove it; the next document that is found good is kept there",
      file: this.#keeper.state?.file ?? this.file,
    })
  }
}
