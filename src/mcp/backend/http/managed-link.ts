import { once } from "node:events"
import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { Command } from "../address.ts"
import { closing, type Failure } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link, LinkEvents, Opening } from "../link.ts"
import { logLines, RateLimit } from "../log-lines.ts"
import type { Outgoing } from "../outgoing.ts"
import type { Reveal } from "../secret-text.ts"
import type { Starts } from "../starts.ts"
import { Child, type ReadyCommand, ready } from "../stdio/child.ts"

const portPollMs = 50

/** An HTTP server that the gateway starts and looks after: its process here, its protocol in the link it wraps. */
export class ManagedLink implements Link {
  readonly #command: Command
  readonly #url: URL
  readonly #http: Link
  readonly #limits: BackendLimits
  readonly #starts: Starts
  readonly #reveal: Reveal
  readonly #events: LinkEvents
  readonly #logLimit = new RateLimit()
  #child: Child | undefined
  #isUp = false
  #isClosed = false

  constructor(
    command: Command,
    url: string,
    http: Link,
    limits: BackendLimits,
    { starts, reveal }: { readonly starts: Starts; readonly reveal: Reveal },
    events: LinkEvents,
  ) {
    this.#command = command
    this.#url = new URL(url)
    this.#http = http
    this.#limits = limits
    this.#starts = starts
    this.#reveal = reveal
    this.#events = events
  }

  get transport(): Link["transport"] {
    return this.#http.transport
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get strays(): number {
    return this.#http.strays
  }

  listen(isWanted: boolean): void {
    this.#http.listen?.(isWanted)
  }

  rootsChanged(session: string): void {
    this.#http.rootsChanged?.(session)
  }

  send(outgoing: Outgoing): void {
    this.#http.send(outgoing)
  }

  async open(): Promise<Opening> {
    const endTurn = await this.#starts.turn()
    const opening = await this.#start().finally(endTurn)
    this.#isUp = opening.ok && this.#child !== undefined
    if (!this.#isUp) await this.#child?.stop(this.#limits.terminateMs)
    return opening
  }

  async #start(): Promise<Opening> {
    const command = await ready(this.#command, this.#reveal)
    if (this.#isClosed) return failed(closing)
    const child = this.#child ?? this.#spawn(command)
    const ended = await this.#listens(child)
    return ended === undefined ? this.#http.open() : failed(ended)
  }

  #spawn(command: ReadyCommand): Child {
    const child = new Child(command)
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      logLines(stream, this.#logLimit, (line, suppressed) =>
        this.#events.log("info", "backend_output", { line, suppressed }),
      )
    void child.exited.then((why) => this.#exited(child, why))
    return child
  }

  #exited(child: Child, why: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    if (!this.#isUp) return
    this.#isUp = false
    this.#events.down(exited(why))
  }

  /** Undefined when the port is open. */
  async #listens(child: Child): Promise<Failure | undefined> {
    const untilMs = performance.now() + this.#limits.startMs
    const end = child.exited.then(exited)
    while (performance.now() < untilMs) {
      const outcome = await Promise.race([end, this.#knock()])
      if (outcome === "open") return
      if (outcome !== "closed") return outcome
      if (this.#isClosed) return closing
      await sleep(portPollMs)
    }
    return {
      code: "backend_unavailable",
      kind: "timeout",
      reason: `the started server does not listen within ${this.#limits.startMs} ms`,
    }
  }

  async #knock(): Promise<"open" | "closed"> {
    const { hostname, port, protocol } = this.#url
    const host = hostname.replace(/^\[|\]$/g, "")
    const socket = connect({ host, port: Number(port || (protocol === "https:" ? 443 : 80)) })
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(this.#limits.connectMs) })
      return "open"
    } catch {
      return "closed" // whatever the reason, the next knock or the deadline tells
    } finally {
      socket.destroy()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isUp = false
    await this.#http.close()
    await this.#child?.stop(this.#limits.terminateMs)
  }
}

const failed = (failure: Failure): Opening => ({ ok: false, failure })

const exited = (why: string): Failure => ({
  code: "backend_unavailable",
  kind: "exited",
  reason: `the server's process ended: ${why}`,
})
