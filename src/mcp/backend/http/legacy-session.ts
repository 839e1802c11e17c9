import type { JsonObject } from "../../../schema/json.ts"
import type { Lane } from "../lane.ts"
import type { Opening } from "../link.ts"
import { LogLevels } from "../log-levels.ts"
import type { Inquiry, Outgoing } from "../outgoing.ts"

/** One session with a legacy server. It is opened when it is first used, and opened again when the server forgot it. */
export class LegacySession {
  readonly lane: Lane
  /** Counts what the server called a session, so that of many calls that find one lost, the first replaces it. */
  epoch = 0
  id: string | undefined
  /** For every message in it; empty before it is open. */
  headers: string[] = []
  isOpen = false
  /** Requests of callers that are not over, and when the last began. */
  inFlight = 0
  usedMs = 0
  readonly #levels = new LogLevels()
  /** Resolves when the server knows the level that is wanted, or has refused to. */
  #telling: Promise<undefined> | undefined
  #untold = 0
  #opening: Promise<Opening> | undefined

  constructor(lane: Lane) {
    this.lane = lane
  }

  opened(id: string | undefined, headers: string[], capabilities: JsonObject | undefined): void {
    this.id = id
    this.#levels.opened(capabilities)
    this.headers = headers
    this.epoch++
    this.isOpen = true
  }

  /** Opens it once, however many ask for it meanwhile. */
  open(how: () => Promise<Opening>): Promise<Opening> {
    this.#opening ??= how().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** What the request has to wait for: the server learns how much is to be said. Undefined where it knows. */
  level(
    outgoing: Outgoing,
    tell: (inquiry: Inquiry) => Promise<void>,
  ): Promise<undefined> | undefined {
    const inquiry = this.#levels.due(outgoing)
    if (inquiry !== undefined) this.#telling = this.#tell(() => tell(inquiry), this.#telling)
    return this.#telling
  }

  /** One after the other: the last that the server takes is the one that counts. */
  async #tell(
    tell: () => Promise<void>,
    before: Promise<undefined> | undefined,
  ): Promise<undefined> {
    this.#untold++
    await before
    await tell()
    this.#untold--
    if (this.#untold === 0) this.#telling = undefined
  }

  /** Whether it is being opened: what comes now has to wait. */
  get isOpening(): boolean {
    return this.#opening !== undefined
  }
}
