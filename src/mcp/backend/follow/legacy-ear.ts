import type { Topic } from "../../../call/following.ts"
import { isObject, type JsonObject, member } from "../../../schema/json.ts"
import type { Failure } from "../failure.ts"
import type { Link } from "../link.ts"
import { Inquiry } from "../outgoing.ts"
import type { Ear, EarReport } from "./ear.ts"

/** Subscriptions that are asked for at once. */
const atOnce = 16

/**
 * The legacy era: lists are told of by themselves, resources must be asked for one by one, and all of it comes over the
 * stream of the session or the pipe.
 */
export class LegacyEar implements Ear {
  readonly #link: Link
  readonly #capabilities: JsonObject | undefined
  readonly #waitMs: number
  readonly #report: EarReport
  /** The resources that the server is asked to report on, by URI, and whether it agreed. */
  readonly #resources = new Map<string, { isAgreed: boolean }>()
  readonly #unasked = new Set<string>()
  #asking = 0
  #lists: readonly Topic[] = []
  /** Whether what the server says can be heard. */
  #way: "awaited" | "open" | "none"

  constructor(link: Link, capabilities: JsonObject | undefined, waitMs: number, report: EarReport) {
    this.#link = link
    this.#capabilities = capabilities
    this.#waitMs = waitMs
    this.#report = report
    this.#way = link.listen === undefined ? "open" : "awaited"
  }

  want(topics: readonly Topic[]): void {
    const served = this.#way === "none" ? [] : topics.filter((topic) => this.#serves(topic))
    for (const topic of topics) if (!served.includes(topic)) this.#report.answered(topic, false)
    this.#link.listen?.(served.length > 0)
    this.#lists = served.filter(({ kind }) => kind === "list")
    if (this.#way === "open") for (const topic of this.#lists) this.#report.answered(topic, true)
    const uris = new Set(served.flatMap((topic) => (topic.kind === "resource" ? [topic.uri] : [])))
    for (const uri of uris) {
      if (this.#resources.has(uri)) continue
      this.#resources.set(uri, { isAgreed: false })
      this.#unasked.add(uri)
    }
    this.#askNext()
    for (const uri of this.#resources.keys()) if (!uris.has(uri)) this.#unsubscribe(uri)
  }

  /** What a server did not declare is not asked of it. */
  #serves(topic: Topic): boolean {
    const of = topic.kind === "list" ? topic.of : "resources"
    const declared = this.#capabilities && member(this.#capabilities, of)
    const does = topic.kind === "list" ? "listChanged" : "subscribe"
    return isObject(declared) && member(declared, does) === true
  }

  /** A few at a time: the rest would only wait, and their time would run out. */
  #askNext(): void {
    for (const uri of this.#unasked) {
      if (this.#asking >= atOnce) return
      this.#unasked.delete(uri)
      this.#asking++
      void this.#subscribe(uri).finally(() => {
        this.#asking--
        this.#askNext()
      })
    }
  }

  async #subscribe(uri: string): Promise<void> {
    const resource = this.#resources.get(uri)
    if (resource === undefined) return
    const { kind } = await this.#ask("resources/subscribe", uri)
    if (this.#resources.get(uri) !== resource) return
    const topic = { kind: "resource", uri } as const
    if (kind === "failure") this.#askLater(uri)
    else if (kind === "error") this.#report.answered(topic, false)
    else {
      resource.isAgreed = true
      if (this.#way === "open") this.#report.answered(topic, true)
    }
  }

  /** The server did not say no, it said nothing. */
  #askLater(uri: string): void {
    setTimeout(() => {
      if (!this.#resources.has(uri)) return
      this.#unasked.add(uri)
      this.#askNext()
    }, this.#waitMs).unref()
  }

  #unsubscribe(uri: string): void {
    this.#resources.delete(uri)
    if (!this.#unasked.delete(uri)) void this.#ask("resources/unsubscribe", uri)
  }

  async #ask(method: string, uri: string) {
    const inquiry = new Inquiry(method, { uri })
    this.#link.send(inquiry)
    const late = setTimeout(() => inquiry.withdraw(slow), this.#waitMs)
    const outcome = await inquiry.outcome
    clearTimeout(late)
    return outcome
  }

  opened(again: "first" | "resumed" | "again"): void {
    if (again === "again") this.#report.missed()
    this.#way = "open"
    for (const topic of this.#lists) this.#report.answered(topic, true)
    for (const [uri, { isAgreed }] of this.#resources)
      if (isAgreed) this.#report.answered({ kind: "resource", uri }, true)
  }

  refused(): void {
    this.#way = "none"
    for (const topic of this.#lists) this.#report.answered(topic, false)
    for (const uri of this.#resources.keys())
      this.#report.answered({ kind: "resource", uri }, false)
  }

  stop(): void {
    this.#resources.clear()
    this.#unasked.clear()
    this.#lists = []
    this.#link.listen?.(false)
  }
}

const slow: Failure = {
  code: "backend_timeout",
  kind: "timeout",
  reason: "the server did not answer in time",
}
