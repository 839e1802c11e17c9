import { setTimeout as sleep } from "node:timers/promises"
import type { Era } from "../../revisions.ts"
import type { StdioAddress } from "../address.ts"
import { closing, type Failure, unsent } from "../failure.ts"
import type { Lane } from "../lane.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link, LinkEvents, Opening } from "../link.ts"
import { logLines, RateLimit } from "../log-lines.ts"
import { Inquiry, type Outcome, type Outgoing } from "../outgoing.ts"
import type { Reveal } from "../secret-text.ts"
import type { Starts } from "../starts.ts"
import { Unclaimed } from "../unclaimed.ts"
import { legacy, readInitialize, type Verdict, verdictOf } from "../verdict.ts"
import {
  type Envelope,
  envelopeOf,
  type Identity,
  initializeParams,
  rootsChangedText,
} from "../wire.ts"
import { Child, type ReadyCommand, ready } from "./child.ts"
import { StdioSession } from "./session.ts"

/** A running child, while there is one. */
interface Running {
  readonly child: Child
  readonly session: StdioSession
}

export interface Around {
  readonly identity: Identity
  readonly limits: BackendLimits
  readonly starts: Starts
  readonly reveal: Reveal
}

/** One child, for all callers of a server version or for those of one lane, started when the first of them calls. */
export class StdioLink implements Link {
  readonly transport = "stdio"
  readonly #address: StdioAddress
  readonly #identity: Identity
  readonly #limits: BackendLimits
  readonly #starts: Starts
  readonly #reveal: Reveal
  readonly #lane: Lane
  readonly #events: LinkEvents
  readonly #logLimit = new RateLimit()
  readonly #unclaimed: Unclaimed
  #running: Running | undefined
  /** What earlier children said; forgotten when a start that relied on it fails. */
  #era: Era | undefined
  #isUp = false
  #isClosed = false

  constructor(address: StdioAddress, around: Around, lane: Lane, events: LinkEvents) {
    this.#address = address
    this.#identity = around.identity
    this.#limits = around.limits
    this.#starts = around.starts
    this.#reveal = around.reveal
    this.#lane = lane
    this.#events = events
    this.#unclaimed = new Unclaimed(events, this.#logLimit)
  }

  get pid(): number | undefined {
    return this.#running?.child.pid
  }

  get strays(): number {
    return this.#unclaimed.strays
  }

  send(outgoing: Outgoing): void {
    if (this.#running === undefined) outgoing.fail(unsent(closing))
    else this.#running.session.send(outgoing)
  }

  rootsChanged(session: string): void {
    if (this.#era === "legacy" && this.#lane.rootsOf === session)
      this.#running?.session.tell(rootsChangedText)
  }

  async open(): Promise<Opening> {
    const endTurn = await this.#starts.turn()
    const opening = await this.#start().finally(endTurn)
    if (!opening.ok) {
      this.#era = undefined
      await this.#stop()
    }
    this.#isUp = opening.ok && this.#running !== undefined
    return opening
  }

  async #start(): Promise<Opening> {
    const command = await ready(this.#address.process, this.#reveal)
    if (this.#isClosed) return failed(closing)
    const running = this.#spawn(command)
    const { era } = this.#address.options
    const known = era === "auto" ? this.#era : era
    const opening = await this.#meet(running, known)
    const hasEnded = !opening.ok && opening.failure.kind === "exited"
    if (!hasEnded || known !== undefined || this.#isClosed) return this.#settle(running, opening)
    // Some servers end at any request before `initialize`. The one that was asked served as the probe.
    const next = this.#spawn(command)
    return this.#settle(next, await this.#initialize(next))
  }

  #meet(running: Running, era: Era | undefined): Promise<Opening> {
    if (era === undefined) return this.#findOut(running)
    return era === "legacy"
      ? this.#initialize(running)
      : this.#ask(running, era, new Inquiry("server/discover", {})).then(verdictOf)
  }

  async #initialize(running: Running): Promise<Opening> {
    const inquiry = new Inquiry(
      "initialize",
      initializeParams(this.#identity, this.#lane.capabilities),
    )
    const greeted = readInitialize(await this.#ask(running, "legacy", inquiry))
    if (!greeted.ok) return greeted
    running.session.revision = greeted.version
    return { ...legacy, capabilities: greeted.capabilities, greeting: greeted.greeting }
  }

  /**
   * Silence may mean a legacy server that ignores what it does not know, or a modern one that is slow to start: after a
   * while both are asked, and the first good answer counts.
   */
  async #findOut(running: Running): Promise<Opening> {
    const probe = new Inquiry("server/discover", {})
    const verdict = this.#ask(running, "modern", probe).then(verdictOfChild)
    const silence = new AbortController()
    const patience = sleep(this.#limits.probeMs, undefined, silence).catch(() => undefined) // not silent
    const early = await Promise.race([verdict, patience])
    silence.abort()
    if (early !== undefined && !(early.ok && early.era === "legacy")) return early
    const greeted = this.#initialize(running)
    const late = verdict.then((found) => (found.ok && found.era === "legacy" ? greeted : found))
    const first = await Promise.race([greeted, late])
    return first.ok || !probe.isOver ? first : late
  }

  /** The one place where the era of a child is decided. */
  #settle({ session }: Running, opening: Opening): Opening {
    if (!opening.ok) return opening
    if (opening.era === "legacy") session.greeted(opening.capabilities)
    session.envelope = this.#envelopeIn(opening.era)
    this.#era = opening.era
    return opening
  }

  async #ask({ session }: Running, era: Era, inquiry: Inquiry): Promise<Outcome> {
    session.envelope = this.#envelopeIn(era)
    session.send(inquiry)
    const late = setTimeout(() => inquiry.withdraw(silent), this.#limits.connectMs)
    const outcome = await inquiry.outcome
    clearTimeout(late)
    return outcome
  }

  #envelopeIn(era: Era): Envelope | undefined {
    return era === "modern" ? envelopeOf(this.#identity) : undefined
  }

  #spawn(command: ReadyCommand): Running {
    const child = new Child(command)
    const { answerBytesMax: bytesMax } = this.#address.options
    const session = new StdioSession(child, this.#unclaimed, {
      bytesMax,
      isOneCallers: this.#lane.owner !== "everybody",
      mayAsk: this.#lane.mayAsk,
    })
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

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isUp = false
    await this.#stop()
  }

  async #stop(): Promise<void> {
    await this.#running?.child.stop(this.#limits.terminateMs)
  }
}

/** Over a pipe nothing but an answer of the modern era, or the process's end, says more than "legacy". */
function verdictOfChild(outcome: Outcome): Verdict {
  const verdict = verdictOf(outcome)
  const hasEnded = outcome.kind === "failure" && outcome.failure.kind === "exited"
  const isOtherVersion = outcome.kind !== "failure" && !verdict.ok
  return verdict.ok || hasEnded || isOtherVersion ? verdict : legacy
}

const failed = (failure: Failure): Opening => ({ ok: false, failure })

const silent: Failure = {
  code: "backend_unavailable",
  kind: "timeout",
  reason: "the server's process does not answer",
}
