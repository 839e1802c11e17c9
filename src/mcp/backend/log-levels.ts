import { isObject, type JsonObject, member } from "../../schema/json.ts"
import { gravity, logLevels } from "../log-level.ts"
import { Inquiry, type Outcome, type Outgoing } from "./outgoing.ts"

/** How many callers' levels are remembered; one that is forgotten states it again with its next request. */
const wishesMax = 1_000

/**
 * The log level of one session with a legacy server, which knows only one for everybody in it: the most verbose that
 * any of its callers wants. The server is told when that changes, and again in a new session; messages below a caller's
 * own level are held back before they reach it. As long as nobody has stated a level, the server says what it likes.
 */
export class LogLevels {
  /** By whose they are, as the gravity of a level. */
  readonly #wishes = new Map<string, number>()
  /** How many want each level. */
  readonly #counts = logLevels.map(() => 0)
  #isDeclared = false
  #isStated = false
  /** As the server was last told; undefined in a new session. */
  #told: string | undefined

  /** A session was opened: its server knows of no level. */
  opened(capabilities: JsonObject | undefined): void {
    this.#isDeclared = capabilities !== undefined && isObject(member(capabilities, "logging"))
    this.#told = undefined
  }

  /** What the server is to be told before this request, and has not been told yet. */
  due(outgoing: Outgoing): Inquiry | undefined {
    if (!this.#isDeclared) return
    this.#note(outgoing)
    if (!this.#isStated) return
    outgoing.isLevelTold = true
    const level = logLevels[this.#counts.findIndex((count) => count > 0)]
    if (level === undefined || level === this.#told) return
    this.#told = level // whatever it answers: who refuses once is not asked again before something changes
    return new Inquiry("logging/setLevel", { level })
  }

  #note({ logs, wisher }: Outgoing): void {
    if (logs === undefined || wisher === undefined) return
    this.#isStated ||= logs.isStated
    const wanted = gravity(logs.level)
    const before = this.#wishes.get(wisher)
    if (before === wanted || wanted === -1) return
    this.#forget(wisher)
    this.#wishes.set(wisher, wanted)
    this.#count(wanted, 1)
    const [oldest] = this.#wishes.keys()
    if (this.#wishes.size > wishesMax && oldest !== undefined) this.#forget(oldest)
  }

  #forget(wisher: string): void {
    const wanted = this.#wishes.get(wisher)
    if (wanted === undefined) return
    this.#wishes.delete(wisher)
    this.#count(wanted, -1)
  }

  #count(wanted: number, change: 1 | -1): void {
    this.#counts[wanted] = (this.#counts[wanted] ?? 0) + change
  }
}

/** What a server's refusal to take a level is logged as; undefined where it took it. */
export const levelRefusal = (outcome: Outcome): string | undefined => {
  if (outcome.kind === "result") return
  return outcome.kind === "error" ? outcome.error.message : outcome.failure.reason
}
