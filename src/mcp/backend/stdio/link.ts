import type { JsonObject } from "../../../schema/json.ts"
import type { StdioAddress } from "../address.ts"
import { closing, type Failure } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link, LinkEvents, Opening } from "../link.ts"
import { logLines, RateLimit, shown } from "../log-lines.ts"
import { Inquiry, type Outcome, type Outgoing } from "../outgoing.ts"
import type { Starts } from "../starts.ts"
import { readInitialize, verdictOf } from "../verdict.ts"
import { type Era, envelope, type Identity, initializedText, initializeParams } from "../wire.ts"
import { Child } from "./child.ts"
import { type SessionHost, StdioSession } from "./session.ts"

/** A running child, while there is one. */
interface Running {
  readonly child: Child
  readonly session: StdioSession
}

/** One child per server version, shared by all callers and started when the first of them calls. */
export class StdioLink implements Link, SessionHost {
  readonly transport = "stdio"
  readonly #address: StdioAddress
  readonly #identity: Identity
  readonly #limits: BackendLimits
  readonly #starts: Starts
  readonly #events: LinkEvents
  readonly #logLimit = new RateLimit()
  #running: Running | undefined
  /** What earlier children said; forgotten when a start that relied on it fails. */
  #era: Era | undefined
  strays = 0
  #isUp = false
  #isClosed = false

  constructor(
    address: StdioAddress,
    identity: Identity,
    limits: BackendLimits,
    starts: Starts,
    events: LinkEvents,
  ) {
    this.#address = address
    this.#identity = identity
    this.#limits = limits
    this.#starts = starts
    this.#events = events
  }

  get pid(): number | undefined {
    return this.#running?.child.pid
  }

  send(outgoing: Outgoing): void {
    if (this.#running === undefined) outgoing.fail(closing)
    else this.#running.session.send(outgoing)
  }

  async open(): Promise<Opening> {
    const endTurn = await this.#starts.turn()
    const opening = this.#isClosed ? failed(closing) : await this.#start()
    endTurn()
    if (!opening.ok) {
      this.#era = undefined
      await this.#stop()
    }
    this.#isUp = opening.ok && this.#running !== undefined
    return opening
  }

  async #start(): Promise<Opening> {
    const { era } = this.#address.options
    const known = era === "auto" ? this.#era : era
    const running = this.#spawn()
    if (known !== undefined) return this.#greet(running, known)
    const probed = await this.#probe(running)
    if (probed === "exited") {
      // Some servers end at any request before `initialize`. The one that was asked served as the probe.
      return this.#greet(this.#spawn(), "legacy")
    }
    return typeof probed === "string" ? this.#greet(running, probed) : probed
  }

  async #probe(running: Running): Promise<Era | "exited" | Opening> {
    const outcome = await this.#ask(running, "modern", "server/discover", {}, this.#limits.probeMs)
    if (outcome.kind !== "failure") {
      const verdict = verdictOf(outcome)
      return verdict.ok ? verdict.era : verdict
    }
    if (outcome.failure.kind === "exited") return this.#isClosed ? failed(closing) : "exited"
    return "legacy" // silent, or an answer that is no JSON-RPC
  }

  async #greet(running: Running, era: Era): Promise<Opening> {
    const { connectMs } = this.#limits
    if (era === "modern") {
      const verdict = verdictOf(await this.#ask(running, era, "server/discover", {}, connectMs))
      if (!verdict.ok) return verdict
    } else {
      const params = initializeParams(this.#identity)
      const greeting = readInitialize(
        await this.#ask(running, era, "initialize", params, connectMs),
      )
      if (!greeting.ok) return greeting
      running.session.tell(initializedText)
    }
    this.#era = era
    running.session.common = envelope(era, this.#identity)
    return { ok: true, era }
  }

  async #ask(
    { session }: Running,
    era: Era,
    method: string,
    params: ReturnType<typeof initializeParams>,
    waitMs: number,
  ): Promise<Outcome> {
    const inquiry = new Inquiry(method, params)
    session.common = envelope(era, this.#identity)
    session.send(inquiry)
    const late = setTimeout(() => inquiry.withdraw(silent), waitMs)
    const outcome = await inquiry.outcome
    clearTimeout(late)
    return outcome
  }

  #spawn(): Running {
    const child = new Child(this.#address.process)
    const session = new StdioSession(child, this.#address.options.answerBytesMax, this)
    const running = { child, session }
    this.#running = running
    logLines(child.stderr, this.#logLimit, (line, suppressed) =>
      this.#events.log("info", "backend_stderr", { line, suppressed }),
    )
    void child.exited.then((why) => this.#exited(running, why))
    return running
  }

  #exited(running: Running, why: string): void {
    const failure: Failure = {
      code: "backend_unavailable",
      kind: "exited",
      reason: `the server's process ended: ${why}`,
    }
    running.session.end(failure)
    if (this.#running !== running) return
    this.#running = undefined
    if (!this.#isUp) return
    this.#isUp = false
    this.#events.down(failure)
  }

  toolsChanged(): void {
    this.#events.toolsChanged()
  }

  stray(kind: "garbage" | "late", bytes: number): void {
    this.strays++
    if (this.#logLimit.allows()) this.#events.log("info", "backend_stray", { kind, bytes })
  }

  said(message: JsonObject): void {
    if (!this.#logLimit.allows()) return
    const line = shown(String(JSON.stringify(message["params"])))
    this.#events.log("info", "backend_message", { line })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isUp = false
    await this.#stop()
  }

  async #stop(): Promise<void> {
    await this.#running?.child.stop(this.#limits.terminateMs)
  }
}

const failed = (failure: Failure): Opening => ({ ok: false, failure })

const silent: Failure = {
  code: "backend_unavailable",
  kind: "timeout",
  reason: "the server's process does not answer",
}
