import { EventParser, EventStreamError } from "./event-parser.ts"
import { type Answer, get, type Request, single } from "./get.ts"
import { backoffMaxMs } from "./schedule.ts"

export interface EventsPorts {
  /** What to send for a stream at this address: with what proves the gateway. Rejects where that cannot be had. */
  request(url: string, headers: Record<string, string>): Promise<Omit<Request, "signal">>
  /** Something may have changed: an event came, or the stream is open again and events may have been missed. */
  changed(): void
  readonly idleMs: number
  readonly retryMaxMs: number
}

const firstRetryMs = 1_000

/**
 * Listens to a source's stream of changes, and comes back to it when it ends. An event is a sign to look and nothing
 * more: what it says is not read. Without a stream the source is looked at all the same, only less often.
 */
export class Events {
  readonly #ports: EventsPorts
  readonly #closed = new AbortController()
  #url: string | undefined
  #state: "none" | "connecting" | "open" = "none"
  #lastEventId: string | undefined
  #retryMs = firstRetryMs
  #failures = 0

  constructor(ports: EventsPorts) {
    this.#ports = ports
  }

  get state(): "none" | "connecting" | "open" {
    return this.#state
  }

  /** Listens at this address from now on, if there is one. A stream that is already open is kept until it ends. */
  follow(url: string | undefined): void {
    this.#url = url
    if (url !== undefined && this.#state === "none" && !this.#closed.signal.aborted)
      void this.#run()
  }

  close(): void {
    this.#closed.abort()
  }

  async #run(): Promise<void> {
    this.#state = "connecting"
    while (this.#url !== undefined && !this.#closed.signal.aborted) {
      const goesOn = await this.#listen(this.#url).catch(() => true)
      this.#state = "connecting"
      if (!goesOn) break
      const grown = Math.min(firstRetryMs * 2 ** Math.min(this.#failures++, 20), backoffMaxMs)
      const waitMs = Math.min(Math.max(grown, this.#retryMs), this.#ports.retryMaxMs)
      await pause(waitMs * spread(), this.#closed.signal)
    }
    this.#state = "none"
  }

  /** Resolves when the stream has ended: whether to come back. Rejects where there was none. */
  async #listen(url: string): Promise<boolean> {
    const headers = {
      accept: "text/event-stream",
      ...(this.#lastEventId !== undefined && { "last-event-id": this.#lastEventId }),
    }
    const request = await this.#ports.request(url, headers)
    const silent = new AbortController()
    const signal = AbortSignal.any([this.#closed.signal, silent.signal])
    const timer = setTimeout(() => silent.abort(), this.#ports.idleMs).unref()
    try {
      return await get({ ...request, signal }, (answer) =>
        this.#read(answer, () => timer.refresh()),
      )
    } finally {
      clearTimeout(timer)
    }
  }

  async #read({ body, headers, status }: Answer, heard: () => void): Promise<boolean> {
    if (status === 204) return false // it asks not to come back (HTML §9.2.3)
    const isStream = /^text\/event-stream\s*(?:;|$)/i.test(single(headers, "content-type") ?? "")
    if (status !== 200 || !isStream) throw new EventStreamError(`it answered ${status}`)
    const parser = new EventParser(this.#ports.changed, this.#lastEventId)
    this.#state = "open"
    this.#ports.changed()
    for await (const chunk of body) {
      heard()
      parser.push(chunk)
      this.#failures = 0
      this.#lastEventId = parser.lastEventId
      this.#retryMs = parser.retryMs ?? this.#retryMs
    }
    return true
  }
}

/** Keeps the gateways of a fleet from coming back at the same moment. */
const spread = () => 0.8 + 0.4 * Math.random()

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener("abort", done)
      resolve()
    }
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener("abort", done)
    if (signal.aborted) done()
  })
}
