import { setTimeout as sleep } from "node:timers/promises"
import type { JsonObject } from "../../schema/json.ts"
import { mirrorFault } from "../mirror-fault.ts"
import type { Era } from "../revisions.ts"
import type { Address, HttpAddress } from "./address.ts"
import { JsonRequests } from "./credentials/json-request.ts"
import { ServerCredentials } from "./credentials/server-credentials.ts"
import type { Failure } from "./failure.ts"
import { infoIn, instructionsIn } from "./greeting.ts"
import { plainLane } from "./lane.ts"
import { type BackendLimits, defaultLimits } from "./limits.ts"
import type { Link, LinkEvents } from "./link.ts"
import { Links } from "./links.ts"
import { Redactor, secretsOf } from "./redact.ts"
import { readSecret, type SecretText } from "./secret-text.ts"
import { lookAtTools, type SeenTool } from "./sighting.ts"
import { unopened } from "./trouble.ts"
import type { Identity } from "./wire.ts"

/** What a server says of itself when it is asked once, outside any call; or why it could not be asked. */
export type Visit = Visited | Unvisited

interface Visited {
  readonly ok: true
  readonly era: Era
  readonly transport: Link["transport"]
  /** `serverInfo` (MCP `Implementation`), which nobody has checked; undefined where it gave none. */
  readonly info: JsonObject | undefined
  readonly instructions: string | undefined
  /** Every page of its list, in its order; a name may stand there twice. */
  readonly tools: readonly SeenTool[]
  /** Tools that MCP has clients drop, because their annotations for headers are not sound. */
  readonly dropped: readonly { readonly tool: string; readonly reason: string }[]
}

interface Unvisited {
  readonly ok: false
  readonly failure: Failure
  /** The last lines of a process's stderr, without the secrets that it was given. */
  readonly lastWords: readonly string[]
}

export interface VisitOptions {
  readonly identity: Identity
  /** For each server: to start, connect, and list. It counts in place of those limits for each alone. */
  readonly timeoutMs: number
  readonly limits?: Partial<BackendLimits>
  /** Secret values that no text may show, beside those in the address. */
  readonly secrets?: Iterable<string>
}

const lastWordsMax = 3

/** Asks servers what they are and which tools they have, each on a connection that is closed again. */
export class Visitor {
  readonly #timeoutMs: number
  readonly #limits: BackendLimits
  readonly #links: Links
  readonly #tokenRequests: JsonRequests
  readonly #secrets: readonly string[]

  constructor({ identity, limits, secrets, timeoutMs }: VisitOptions) {
    this.#timeoutMs = timeoutMs
    this.#limits = { ...defaultLimits, ...limits, connectMs: timeoutMs, startMs: timeoutMs }
    this.#links = new Links(identity, this.#limits, readSecret)
    this.#secrets = [...(secrets ?? [])]
    const { tokenBytesMax: bytesMax, tokenMs } = this.#limits
    this.#tokenRequests = new JsonRequests({ timeoutMs: tokenMs, bytesMax, connectionsMax: 1 })
  }

  /** Never rejects. `signal` ends it early, with the processes that it started. */
  async visit(address: Address, signal?: AbortSignal): Promise<Visit> {
    const redactor = new Redactor()
    redactor.learn([...secretsOf(address), ...this.#secrets])
    const lines: string[] = []
    const link = this.#open(address, redactor, (line) => {
      lines.push(redactor.text(line))
      if (lines.length > lastWordsMax) lines.shift()
    })
    const failed = (failure: Failure): Unvisited => {
      const reason = redactor.text(failure.reason)
      return { ok: false, failure: { ...failure, reason }, lastWords: [...lines] }
    }
    const clock = new AbortController()
    const stop = AbortSignal.any([clock.signal, ...(signal === undefined ? [] : [signal])])
    const late = sleep(this.#timeoutMs, tooSlow(this.#timeoutMs), { signal: stop })
    const outcome = await Promise.race([
      this.#ask(link),
      late.catch(() => interrupted), // when the clock is stopped, nobody looks at this any more
    ])
    clock.abort()
    await link.close()
    return outcome.ok ? outcome : failed(outcome.failure)
  }

  async #ask(link: Link): Promise<Visited | { readonly ok: false; readonly failure: Failure }> {
    const opening = await link.open().catch(unopened)
    if (!opening.ok) return opening
    const { era, greeting = {} } = opening
    const sighting = await lookAtTools(link, this.#limits)
    if (sighting.kind === "failure") return { ok: false, failure: sighting.failure }
    const faults = sighting.tools.map(({ definition }) => mirrorFault(definition["inputSchema"]))
    return {
      ok: true,
      era,
      transport: link.transport,
      info: infoIn(greeting),
      instructions: instructionsIn(greeting),
      tools: sighting.tools.filter((_, index) => faults[index] === undefined),
      dropped: sighting.tools.flatMap(({ name }, index) => {
        const reason = faults[index]
        return reason === undefined ? [] : [{ tool: name, reason }]
      }),
    }
  }

  #open(address: Address, redactor: Redactor, said: (line: string) => void): Link {
    const events = eventsFor(said)
    if (address.kind === "stdio") return this.#links.stdio(address, events, plainLane)
    return this.#links.http(address, events, this.#credentials(address, redactor).own())
  }

  #credentials(address: HttpAddress, redactor: Redactor): ServerCredentials {
    const { backoffMaxMs, backoffMs } = this.#limits
    const reveal = async (secret: SecretText) => {
      const text = await readSecret(secret)
      redactor.learnAlso(text)
      return text
    }
    return new ServerCredentials(address, {
      requests: this.#tokenRequests,
      timing: { now: () => performance.now(), backoffMs, backoffMaxMs },
      redactor,
      reveal,
      log: () => {}, // what keeps a token from being had is the failure of the visit
    })
  }

  async close(): Promise<void> {
    await this.#tokenRequests.close()
  }
}

const ignored = () => {}

const eventsFor = (said: (line: string) => void): LinkEvents => ({
  down: ignored,
  renewed: ignored,
  opened: ignored,
  refused: ignored,
  noticed: ignored,
  log: (_, event, { line }) => {
    if ((event === "backend_stderr" || event === "backend_output") && typeof line === "string")
      said(line)
  },
})

const tooSlow = (timeoutMs: number) => ({
  ok: false as const,
  failure: {
    code: "backend_timeout",
    kind: "timeout",
    reason: `it has not listed its tools within ${timeoutMs / 1_000} s`,
  } satisfies Failure,
})

const interrupted = {
  ok: false as const,
  failure: { code: "cancelled", kind: "cancelled", reason: "interrupted" } satisfies Failure,
}
