import type { ServerResponse } from "node:http"
import type { Caller, Evidence } from "../../call/caller.ts"
import type { Catalog } from "../../registry/catalog.ts"
import type { Era } from "../revisions.ts"
import { EventStream, type Headers, type MessageStream } from "./answer.ts"
import type { FaceLimits } from "./limits.ts"
import { Beating, type Pulse } from "./pulse.ts"
import { StreamPlaces } from "./stream-places.ts"

/** What a stream is opened with: the wire words differ by era, the life of a stream does not. */
export interface StreamPlan {
  readonly outgoing: ServerResponse
  readonly era: Era
  /** Who opened it, as it was shown then: asked again when the catalog changes. */
  readonly evidence: Evidence
  /** When its opener's token is over, in milliseconds since the epoch; undefined where there is none. */
  readonly untilMs: number | undefined
  /** Of the list of tools that this client last saw; undefined where the stream does not tell of it. */
  readonly digest: string | undefined
  /** Called when the catalog is another, with what its opener is now. */
  readonly refreshed: ((view: View) => void) | undefined
  readonly headers: Headers
  /** What messages go to, by way of the connection. */
  through(connection: EventStream): MessageStream
  /** `notifications/tools/list_changed` in the stream's words. */
  readonly changed: string
  /** Sent last, when it is the gateway that ends the stream. */
  readonly closing: string | undefined
  /** Called once, whoever ended the stream. */
  readonly ended: (() => void) | undefined
}

export interface Streams {
  /**
   * Takes a place for a stream, before anybody is asked anything for its sake; see {@link StreamPlaces.take}. Without one
   * none is to be opened.
   */
  reserve: StreamPlaces["take"]
  /** The function that ends the stream; undefined when the gateway ends. */
  open(plan: StreamPlan): (() => void) | undefined
  /** Looks at every stream's own list again and tells those whose list is another. */
  refresh(): Promise<void>
  /** Ends them for good: no other is opened. */
  endAll(): void
  count(): number
}

/** Who somebody is now, and the digest of the list of tools that it is shown. */
export interface View {
  readonly caller: Caller
  readonly catalog: Catalog
  readonly digest: string
}

/** Undefined when it is nobody we serve (any more). */
export type ViewOf = (evidence: Evidence, era: Era) => Promise<View | undefined>

const nothingToEnd = (): void => undefined

/** Streams looked at before other work gets its turn. */
const turn = 64

export function createStreams(
  limits: Pick<FaceLimits, "streamsMax" | "streamsPerCallerMax" | "streamBufferBytesMax">,
  pulse: Pulse,
  viewOf: ViewOf,
  now: () => number,
): Streams {
  const open = new Set<Stream>()
  const places = new StreamPlaces(limits)
  let isClosing = false
  return {
    reserve: (...of) => places.take(...of),
    open(plan) {
      if (isClosing) return undefined
      if (plan.outgoing.destroyed) return nothingToEnd // "close" has been told, and would take nobody off the books
      const stream = new Stream(plan, limits.streamBufferBytesMax, now)
      open.add(stream)
      pulse.add(stream)
      plan.outgoing.once("close", () => {
        open.delete(stream)
        pulse.remove(stream)
        plan.ended?.()
      })
      return () => stream.end()
    },
    async refresh() {
      let looked = 0
      for (const stream of [...open]) {
        await stream.refresh(viewOf)
        if (++looked % turn === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    },
    endAll() {
      isClosing = true
      for (const stream of open) stream.end()
    },
    count: () => open.size,
  }
}

/** One long answer: the GET stream of a legacy session, or a modern `subscriptions/listen`. */
class Stream extends Beating {
  readonly #plan: StreamPlan
  readonly #events: MessageStream
  readonly #now: () => number
  #digest: string | undefined

  constructor(plan: StreamPlan, bufferMax: number, now: () => number) {
    super()
    this.#now = now
    this.#plan = plan
    this.#digest = plan.digest
    this.#events = plan.through(new EventStream(plan.outgoing, bufferMax, plan.headers))
  }

  async refresh(viewOf: ViewOf): Promise<void> {
    const { changed, era, evidence, refreshed } = this.#plan
    const view = await viewOf(evidence, era)
    if (view === undefined) {
      this.end() // who opened it is nobody any more
      return
    }
    refreshed?.(view)
    if (this.#digest === undefined || view.digest === this.#digest) return
    this.#digest = view.digest
    this.quietBeats = 0
    this.#events.send(changed)
  }

  /** What a token opened is not open for longer than it: who opened it comes back with another. */
  override beat(): void {
    const { untilMs } = this.#plan
    if (untilMs !== undefined && untilMs <= this.#now()) this.end()
  }

  override keepAlive(): void {
    this.quietBeats = 0
    this.#events.comment()
  }

  end(): void {
    const { closing } = this.#plan
    if (closing === undefined) this.#events.end()
    else this.#events.finish(closing)
  }
}
