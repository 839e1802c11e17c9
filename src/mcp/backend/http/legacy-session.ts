import type { Lane } from "../lane.ts"
import type { Opening } from "../link.ts"
import { LogLevels } from "../log-levels.ts"
import type { Counter, Inquiry, Outcome, Outgoing } from "../outgoing.ts"
import type { Session } from "./handshake.ts"

type Greeted = Pick<Extract<Session, { ok: true }>, "id" | "version" | "capabilities">

/** One session with a legacy server. It is opened when it is first used, and opened again when the server forgot it. */
export class LegacySession implements Counter {
  readonly lane: Lane
  /** Counts what the server called a session, so that of many calls that find one lost, the first replaces it. */
  epoch = 0
  id: string | undefined
  /** That was agreed on; undefined before it is open. */
  revision: string | undefined
  /** For every message in it; empty before it is open. */
  headers: string[] = []
  isOpen = false
  /** Requests of callers that are not over, and when the last began. */
  readonly calls = new Set<Outgoing>()
  usedMs = 0
  readonly #levels = new LogLevels()
  /** Resolves when the server knows the level that is wanted, or has refused to. */
  #telling: Promise<undefined> | undefined
  #untold = 0
  /** A call ended without an answer, so the server may still be at work on it. */
  #hasAbandoned = false
  /** The server asked on the stream of the session, where nothing says which call a question is about. */
  #hasAsked = false
  #opening: Promise<Opening> | undefined
  /** How often the roots have changed since the server was last told. */
  #rootsChanges = 0

  constructor(lane: Lane) {
    this.lane = lane
  }

  ended(call: Outgoing, outcome: Outcome): void {
    this.calls.delete(call)
    if (outcome.kind === "failure" && outcome.failure.isUnsent !== true) this.#hasAbandoned = true
  }

  /** The server asks something on the stream of the session: the call that it is about, if it can be told. */
  asked(): Outgoing | undefined {
    this.#hasAsked = true
    const [call] = this.calls
    return this.calls.size === 1 && !this.#hasAbandoned ? call : undefined
  }

  /**
   * What the server asks now may belong to a call that nobody waits for any more. In this session that cannot be told
   * apart; in a new one it can.
   */
  get isUncertain(): boolean {
    return this.#hasAsked && this.#hasAbandoned
  }

  opened({ id, version, capabilities }: Greeted, headers: string[]): void {
    this.id = id
    this.revision = version
    this.#levels.opened(capabilities)
    this.headers = headers
    this.epoch++
    this.#hasAbandoned = false // what was asked about earlier calls went with the session they were in
    this.isOpen = true
  }

  /** Opens it once, however many ask for it meanwhile. */
  open(how: () => Promise<Opening>): Promise<Opening> {
    this.#opening ??= how().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** What the request has to wait for, while the server is told the log level. Undefined where it knows it. */
  level(
    outgoing: Outgoing,
    tell: (inquiry: Inquiry) => Promise<void>,
  ): Promise<undefined> | undefined {
    const inquiry = this.#levels.due(outgoing)
    if (inquiry !== undefined) this.#telling = this.#tell(() => tell(inquiry), this.#telling)
    return this.#telling
  }

  /** However often they change while the server is being told, it is told just once more. */
  async rootsChanged(tell: () => Promise<unknown>): Promise<void> {
    if (!this.isOpen || this.#rootsChanges++ > 0) return
    for (let told = 0; told < this.#rootsChanges; ) {
      told = this.#rootsChanges
      await tell()
    }
    this.#rootsChanges = 0
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
