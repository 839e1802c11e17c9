import type { SubjectToken } from "../../../call/backends.ts"
import { Backoff } from "../backoff.ts"
import type { Reveal } from "../secret-text.ts"
import type { Authorization } from "./authorization.ts"
import type { JsonRequests } from "./json-request.ts"
import { discover, type Metadata } from "./metadata.ts"
import { readTokenAnswer, type TokenAnswer } from "./token-answer.ts"
import { tokenForm } from "./token-form.ts"

export interface Timing {
  /** Milliseconds that only go forward. */
  now(): number
  /** The first wait after a failure; it doubles up to the second number. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

export interface SourcePorts {
  readonly requests: JsonRequests
  readonly timing: Timing
  readonly reveal: Reveal
  /** No token can be had; where the endpoint is out of order, it is not asked again for this long. */
  failed(reason: string, retryAfterMs: number | undefined): void
}

/** How it is doing, since the start. */
export interface SourceState {
  readonly requests: number
  readonly failures: number
  /** What went wrong the last time; undefined when it went well. */
  readonly problem: string | undefined
}

const metadataMs = 3_600_000
/** Answers of an address that serves no token endpoint any more. */
const movedStatuses: readonly number[] = [301, 302, 303, 307, 308, 404, 405, 410]

/**
 * Where the tokens for one server come from. While its endpoint is out of order it is asked seldom, whoever wants a
 * token: each failure that is about the endpoint, and not about one caller, makes all wait.
 */
export class TokenSource {
  readonly authorization: Authorization
  /** Its address as it may be printed. */
  readonly #place: string
  readonly #ports: SourcePorts
  readonly #now: () => number
  readonly #backoff: Backoff
  #metadata: { readonly value: Metadata; readonly untilMs: number } | undefined
  #discovery: Promise<Metadata | string> | undefined
  #requestCount = 0
  #failureCount = 0
  #problem: string | undefined

  constructor(authorization: Authorization, ports: SourcePorts) {
    const { backoffMaxMs, backoffMs, now } = ports.timing
    this.authorization = authorization
    const { issuer, tokenEndpoint } = authorization.server
    const { origin, pathname } = new URL(issuer ?? tokenEndpoint)
    this.#place = origin + pathname
    this.#ports = ports
    this.#now = now
    this.#backoff = new Backoff(backoffMs, backoffMaxMs, 0, now)
  }

  /** What is left of the wait; 0 when it may be asked. */
  get restMs(): number {
    return this.#backoff.remainingMs
  }

  get state(): SourceState {
    return { requests: this.#requestCount, failures: this.#failureCount, problem: this.#problem }
  }

  /** Never rejects. To be asked only when the wait is over. */
  async grant(subject: SubjectToken | undefined): Promise<TokenAnswer> {
    this.#requestCount++
    const answer = withPlace(await this.#ask(subject).catch(failedHere), this.#place)
    this.#problem = answer.ok ? undefined : answer.reason
    if (answer.ok) this.#backoff.succeeded()
    else this.#failed(answer)
    return answer
  }

  #failed({ about, reason }: Extract<TokenAnswer, { ok: false }>): void {
    this.#failureCount++
    if (about === "endpoint") {
      if (this.restMs === 0) this.#ports.failed(reason, this.#backoff.failed()) // of many that fail together, the first counts
    } else if (this.authorization.kind === "client_credentials")
      this.#ports.failed(reason, undefined) // what is wrong with one caller's token is in the audit of its calls
  }

  async #ask(subject: SubjectToken | undefined): Promise<TokenAnswer> {
    const metadata = await this.#whereTo()
    if (typeof metadata === "string") return wrong(metadata)
    const form = await tokenForm(this.authorization, metadata, {
      subject,
      reveal: this.#ports.reveal,
    })
    const answer = await this.#ports.requests.ask(metadata.tokenEndpoint, form)
    if (movedStatuses.includes(answer.status ?? 0)) this.#metadata = undefined
    return readTokenAnswer(answer)
  }

  #whereTo(): Metadata | Promise<Metadata | string> {
    const { issuer, tokenEndpoint } = this.authorization.server
    if (tokenEndpoint !== undefined) return { tokenEndpoint, secretMethod: "client_secret_basic" }
    const known = this.#metadata
    if (known !== undefined && this.#now() < known.untilMs) return known.value
    this.#discovery ??= this.#discover(issuer).finally(() => {
      this.#discovery = undefined
    })
    return this.#discovery
  }

  async #discover(issuer: string): Promise<Metadata | string> {
    const found = await discover(issuer, this.#ports.requests)
    if (!found.ok) return this.#metadata?.value ?? found.reason // what was true an hour ago is the best guess
    this.#metadata = { value: found.metadata, untilMs: this.#now() + metadataMs }
    return found.metadata
  }
}

const withPlace = (answer: TokenAnswer, place: string): TokenAnswer =>
  answer.ok ? answer : { ...answer, reason: `${place}: ${answer.reason}` }

const wrong = (reason: string): TokenAnswer => ({ ok: false, reason, about: "endpoint" })

/** A secret that cannot be read or used. */
const failedHere = (error: unknown): TokenAnswer =>
  wrong(`the request cannot be made: ${error instanceof Error ? error.message : String(error)}`)
