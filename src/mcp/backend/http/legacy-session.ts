import type { Lane } from "../lane.ts"
import type { Opening } from "../link.ts"

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
  #opening: Promise<Opening> | undefined

  constructor(lane: Lane) {
    this.lane = lane
  }

  opened(id: string | undefined, headers: string[]): void {
    this.id = id
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

  /** Whether it is being opened: what comes now has to wait. */
  get isOpening(): boolean {
    return this.#opening !== undefined
  }
}
