import type { Pool } from "undici"
import type { HttpAddress } from "../../address.ts"
import { closing, type Failure, protocolFailure, unsent } from "../../failure.ts"
import type { BackendLimits } from "../../limits.ts"
import type { Link, LinkEvents, Opening } from "../../link.ts"
import { OpenRequests } from "../../open-requests.ts"
import { type Carrier, Inquiry, type Outgoing } from "../../outgoing.ts"
import { Unclaimed } from "../../unclaimed.ts"
import { legacy, readInitialize } from "../../verdict.ts"
import {
  cancelledText,
  type Identity,
  initializedText,
  initializeParams,
  requestText,
} from "../../wire.ts"
import { openConnections } from "../connections.ts"
import type { Around } from "../either-link.ts"
import { HeaderSets } from "../header-sets.ts"
import { Notices } from "../notices.ts"
import { Outlet } from "../outlet.ts"
import { endpointPath } from "./endpoint.ts"
import { SseStream } from "./sse-stream.ts"

/** One stream, and what hangs on it. */
interface Open {
  readonly stream: SseStream
  /** Their answers will come over it. */
  readonly requests: OpenRequests
  /** Of those, the ones that the server has not taken yet: should the stream end, it says what becomes of them. */
  readonly posting: Set<Outgoing>
  /** Where to post. */
  path: string
  /** Why it is over. */
  end: Failure | undefined
  readonly ended: (failure: Failure) => void
}

/**
 * HTTP+SSE, the transport of 2024-11-05: one stream for all that the server says, and a place to post to that it names
 * first. The stream is shared by all callers, as a pipe is; when it ends, so does the session.
 */
export class SseLink implements Link, Carrier {
  readonly transport = "sse"
  readonly pid = undefined
  readonly #url: URL
  readonly #bytesMax: number
  readonly #identity: Identity
  readonly #limits: BackendLimits
  readonly #events: LinkEvents
  readonly #headers: HeaderSets
  readonly #outlet: Outlet
  readonly #posts: Pool
  readonly #streams: Pool
  readonly #unclaimed: Unclaimed
  readonly #notices: Notices
  #open: Open | undefined
  #renewal: Promise<Opening> | undefined
  /** The server has answered `initialize`: from here on the end of the stream is a loss. */
  #isUp = false
  /** That was agreed on. */
  #revision: string | undefined

  constructor(address: HttpAddress, { credential, identity, limits }: Around, events: LinkEvents) {
    const { answerBytesMax, concurrencyMax } = address.options
    this.#url = new URL(address.url)
    this.#bytesMax = answerBytesMax
    this.#identity = identity
    this.#limits = limits
    this.#events = events
    this.#unclaimed = new Unclaimed(events)
    this.#headers = new HeaderSets(address.headers)
    this.#outlet = new Outlet(address, credential)
    this.#posts = openConnections(this.#url.origin, concurrencyMax, limits.connectMs)
    this.#streams = openConnections(this.#url.origin, 1, limits.connectMs)
    this.#notices = new Notices(limits.connectMs)
  }

  get strays(): number {
    return this.#unclaimed.strays
  }

  async open(): Promise<Opening> {
    this.#drop(forgotten)
    const late = setTimeout(() => this.#drop(silent), this.#limits.connectMs)
    const opening = await this.#connect()
    clearTimeout(late)
    this.#isUp = opening.ok
    if (!opening.ok) this.#drop(opening.failure)
    return opening
  }

  async #connect(): Promise<Opening> {
    const opened = await this.#openStream()
    if ("failure" in opened) return { ok: false, failure: opened.failure }
    const inquiry = new Inquiry("initialize", initializeParams(this.#identity, {}))
    inquiry.isResent = true // a handshake that is turned away is not repeated
    this.send(inquiry)
    const greeted = readInitialize(await inquiry.outcome)
    if (!greeted.ok) return greeted
    this.#revision = greeted.version
    const failure = await this.#post(opened, initializedText)
    if (failure !== undefined) return { ok: false, failure }
    return { ...legacy, capabilities: greeted.capabilities, greeting: greeted.greeting }
  }

  /** Resolves when the server has said where to post. */
  #openStream(): Promise<Open | { readonly failure: Failure }> {
    return new Promise((resolve) => {
      const tell = (text: string) => void this.#post(open, text)
      const requests = new OpenRequests(this.#unclaimed, tell, {
        bytesMax: this.#bytesMax,
        isOneCallers: false,
        mayAsk: false,
      })
      const ended = (failure: Failure) => resolve({ failure })
      const stream = new SseStream(
        {
          endpoint: (written) => {
            const path = endpointPath(written, this.#url)
            if (path === undefined) return this.#lost(open, foreignEndpoint)
            open.path = path
            resolve(open)
          },
          message: (text) => requests.take(text),
          overlong: (head, tail) => requests.overlong(head, tail),
          over: (failure) => this.#lost(open, failure),
        },
        this.#bytesMax,
      )
      const posting = new Set<Outgoing>()
      const open: Open = { stream, requests, posting, path: "", end: undefined, ended }
      this.#open = open
      const { pathname, search } = this.#url
      const headers = this.#headers.bare
      const departure = { path: pathname + search, method: "GET", headers, body: null } as const
      this.#outlet.send(this.#streams, departure, stream)
    })
  }

  /** The stream is over, and with it every answer that was still to come. */
  #lost(open: Open, failure: Failure): void {
    open.stream.stop()
    open.end = failure
    open.ended(failure)
    for (const outgoing of open.requests.takeAll())
      if (!open.posting.has(outgoing)) outgoing.fail(failure)
    if (this.#open !== open) return
    this.#open = undefined
    if (!this.#isUp) return
    this.#isUp = false
    this.#events.down(failure)
  }

  #drop(failure: Failure): void {
    this.#isUp = false
    if (this.#open !== undefined) this.#lost(this.#open, failure)
  }

  send(outgoing: Outgoing): void {
    const open = this.#open
    outgoing.carrier = this
    if (open === undefined) {
      outgoing.fail(unsent(closing))
      return
    }
    open.requests.add(outgoing)
    open.posting.add(outgoing)
    outgoing.sent(this.#revision)
    void this.#post(open, requestText(outgoing, undefined)).then((failure) => {
      open.posting.delete(outgoing)
      const why = failure ?? open.end
      if (why === undefined || outgoing.isOver) return
      open.requests.delete(outgoing)
      if (isForgotten(why) && !outgoing.isResent) void this.#again(open, outgoing)
      else outgoing.fail(why)
    })
  }

  /** The server refused it because it does not know the session (any more): it is sent once more, in another. */
  async #again(forgotten: Open, outgoing: Outgoing): Promise<void> {
    outgoing.isResent = true
    if (this.#open === forgotten) {
      this.#renewal ??= this.#renew()
    }
    const opening = await this.#renewal
    if (outgoing.isOver) return
    if (opening === undefined || opening.ok) this.send(outgoing)
    else {
      this.#events.down(opening.failure)
      outgoing.fail({ ...opening.failure, code: "backend_unavailable" })
    }
  }

  async #renew(): Promise<Opening> {
    const opening = await this.open()
    this.#renewal = undefined
    if (opening.ok) this.#events.renewed(opening)
    return opening
  }

  /** What hindered it, if anything. Never rejects. */
  #post({ path }: Open, text: string): Promise<Failure | undefined> {
    const notice = this.#notices.begin()
    const departure = { path, method: "POST", headers: this.#headers.bare, body: text } as const
    this.#outlet.send(this.#posts, departure, notice)
    return notice.outcome
  }

  hasSent(): boolean {
    return true // or queued for a connection, which nobody tells us
  }

  withdraw(outgoing: Outgoing): void {
    const open = this.#open
    if (open?.requests.delete(outgoing) !== true || outgoing instanceof Inquiry) return
    void this.#post(open, cancelledText(outgoing.id))
  }

  async close(): Promise<void> {
    this.#drop(closing)
    this.#notices.clear()
    await Promise.all([this.#posts.destroy(), this.#streams.destroy()])
  }
}

const isForgotten = ({ status }: Failure): boolean => status === 400 || status === 404

const foreignEndpoint: Failure = protocolFailure(
  "the endpoint that the server names for messages is not one of its own origin",
)

const forgotten: Failure = {
  code: "backend_unavailable",
  kind: "lost",
  reason: "the server does not know the session any more",
}

const silent: Failure = {
  code: "backend_unavailable",
  kind: "timeout",
  reason: "the server did not open its event stream, or did not answer initialize, in time",
}
