import type { Era } from "../revisions.ts"
import { Backoff } from "./backoff.ts"
import { closing, type Failure, type FailureKind, saysNothingOfServer } from "./failure.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link, Opened } from "./link.ts"
import type { BackendState } from "./status.ts"
import { unopened } from "./trouble.ts"

/** Who is told what becomes of a connection. */
export interface ConnectionHost {
  rose(opening: Opened): void
  /** It could not be made, or is lost. The next attempt is due in `waitMs`, and `isNews` unless it is as it was before. */
  fell(failure: Failure, waitMs: number, isNews: boolean): void
}

/**
 * Whether a server is there. It is connected when somebody needs it, and after a failure left alone for a while: who comes
 * in between is refused at once instead of piling up.
 */
export class Connection {
  readonly #link: Link
  readonly #limits: Pick<BackendLimits, "backoffMs">
  readonly #host: ConnectionHost
  readonly #backoff: Backoff
  /** Who wait for it, and are told when it is there or why it is not. */
  readonly #arrivals: ((failure: Failure | undefined) => void)[] = []
  #state: BackendState = "idle"
  #era: Era | undefined
  #lastError: { readonly kind: FailureKind; readonly atMs: number } | undefined
  #restarts = 0
  #restart: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(
    link: Link,
    limits: Pick<BackendLimits, "backoffMs" | "backoffMaxMs" | "healthyMs">,
    host: ConnectionHost,
  ) {
    this.#link = link
    this.#limits = limits
    this.#host = host
    this.#backoff = new Backoff(limits.backoffMs, limits.backoffMaxMs, limits.healthyMs)
  }

  get isUp(): boolean {
    return this.#state === "up"
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  /** Connects unless it is; what hinders it is the answer. */
  async ready(): Promise<Failure | undefined> {
    if (this.#isClosing) return closing
    if (this.isUp) return
    const resting = this.resting()
    if (resting !== undefined) return resting
    const { promise, resolve } = Promise.withResolvers<Failure | undefined>()
    this.#arrivals.push(resolve)
    this.connect()
    return promise
  }

  /** Why nobody is let through, while the server is left alone. */
  resting(): Failure | undefined {
    if (!this.#isResting) return
    return {
      code: "backend_unavailable",
      kind: "backoff",
      reason: `the last attempt failed (${this.#lastError?.kind}); the next is not due yet`,
      retryAfterMs: this.#backoff.remainingMs,
    }
  }

  get #isResting(): boolean {
    return this.#state === "down" && this.#backoff.remainingMs > 0
  }

  connect(): void {
    if (this.#state !== "idle" && this.#state !== "down") return
    this.#state = "connecting"
    clearTimeout(this.#restart)
    void this.#open()
  }

  /** For who can wait: not before the server has been left alone for long enough. */
  connectInTime(): void {
    if (this.#isResting) this.comeBack(this.#backoff.remainingMs)
    else if (!this.#isClosing) this.connect()
  }

  comeBack(waitMs: number): void {
    clearTimeout(this.#restart)
    if (!this.#isClosing) this.#restart = setTimeout(() => this.connect(), waitMs).unref()
  }

  async #open(): Promise<void> {
    const opening = await this.#link.open().catch(unopened)
    if (this.#state !== "connecting") return
    if (opening.ok) this.#rose(opening)
    else this.#fell(opening.failure)
  }

  #rose(opening: Opened): void {
    this.#state = "up"
    this.#era = opening.era
    this.#backoff.succeeded()
    this.#host.rose(opening)
    for (const arrive of this.#arrivals.splice(0)) arrive(undefined)
  }

  /** It was up, and no longer is. Returns when the next attempt is due; undefined where it was not up. */
  lost(failure: Failure): number | undefined {
    if (!this.isUp) return
    this.#restarts++
    return this.#fell(failure)
  }

  /** It goes on as another: false where there was none. */
  renewed(era: Era): boolean {
    if (this.isUp) this.#era = era
    return this.isUp
  }

  #fell(failure: Failure): number {
    const { kind, retryAfterMs = 0 } = failure
    const isNews = kind !== "token" || this.#lastError?.kind !== kind
    this.#state = "down"
    this.failed(failure)
    // Where no token was to be had the server was not asked; who asks for tokens keeps a pace of its own.
    const waitMs =
      kind === "token" ? Math.max(retryAfterMs, this.#limits.backoffMs) : this.#backoff.failed()
    this.#host.fell(failure, waitMs, isNews)
    for (const arrive of this.#arrivals.splice(0)) arrive(failure)
    return waitMs
  }

  /** Notes what went wrong, for the status. */
  failed({ kind }: Failure): void {
    if (!saysNothingOfServer(kind)) this.#lastError = { kind, atMs: Date.now() }
  }

  get status() {
    return {
      transport: this.#link.transport,
      era: this.#era,
      state: this.#isClosing ? ("closing" as const) : this.#state,
      lastError: this.#lastError?.kind,
      lastErrorAt: this.#lastError && new Date(this.#lastError.atMs).toISOString(),
      restarts: this.#restarts,
      pid: this.#link.pid,
      strays: this.#link.strays,
    }
  }

  /** Nobody new is let through; what is under way may end. */
  retire(): void {
    this.#isClosing = true
  }

  /** Who still waits for it waits no longer. */
  stop(): void {
    clearTimeout(this.#restart)
    this.#state = "closing"
    for (const arrive of this.#arrivals.splice(0)) arrive(closing)
  }
}
