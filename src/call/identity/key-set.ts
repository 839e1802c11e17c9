import { readFile } from "node:fs/promises"
import type { IdentityPorts, JwksSource } from "./settings.ts"

/** The keys of one issuer: fetched ahead of need, kept through an outage of the issuer. */
export interface KeySet<K> {
  /** The last good keys; undefined before the first. */
  current(): K | undefined
  /**
   * Looks for newer keys, at most once at a time. `recent`: they were fetched so lately that another fetch would be an
   * attacker's. `unavailable`: they cannot be had now, and it was tried so lately that trying again waits.
   */
  refresh(): Promise<"fetched" | "recent" | "unavailable">
  state(): KeySetState
  close(): void
}

export interface KeySetState {
  /** Since the keys were last confirmed; undefined before the first. */
  readonly ageMs: number | undefined
  /** Fetches that failed since the last that did not. */
  readonly failures: number
  /** What went wrong the last time; for the log, never for a caller. */
  readonly problem: string | undefined
  /** There are keys, and they are not older than `maxStaleMs`. */
  readonly isUsable: boolean
}

interface Pace {
  /** Between refreshes ahead of need, ± 20 % so that replicas do not come together. */
  readonly periodMs: number
  /**
   * The least time between a fetch and the next that an unknown key id may cause. Tokens may be refused for this long
   * after an issuer changed its keys without publishing them ahead; and strangers cannot make the gateway ask it more
   * often than this.
   */
  readonly cooldownMs: number
}

const remotePace: Pace = { periodMs: 600_000, cooldownMs: 3_000 }
const filePace: Pace = { periodMs: 10_000, cooldownMs: 1_000 }
const fetchTimeoutMs = 3_000
const failureWaitMaxMs = 30_000
/** While there are keys, an issuer that is down is not asked more often than this without need. */
const outagePeriodMs = 120_000

/** `read` makes keys of the text and throws an Error for a set that cannot be used. */
export function openKeySet<K>(
  source: JwksSource,
  maxStaleMs: number,
  ports: IdentityPorts,
  read: (text: string) => K,
): KeySet<K> {
  if ("keys" in source) return fixedKeySet(read(JSON.stringify(source)))
  const load = () =>
    "url" in source
      ? ports.fetchJwks(source.url, AbortSignal.timeout(fetchTimeoutMs))
      : readFile(source.file, "utf8")
  const pace = "url" in source ? remotePace : filePace
  return new RefreshedKeySet(pace, maxStaleMs, ports, load, read)
}

/** Written in the configuration: a set that cannot be used stops the start. */
const fixedKeySet = <K>(keys: K): KeySet<K> => ({
  current: () => keys,
  refresh: () => Promise.resolve("recent"),
  state: () => ({ ageMs: 0, failures: 0, problem: undefined, isUsable: true }),
  close() {},
})

class RefreshedKeySet<K> implements KeySet<K> {
  readonly #pace: Pace
  readonly #maxStaleMs: number
  readonly #ports: IdentityPorts
  readonly #load: () => Promise<string>
  readonly #read: (text: string) => K
  #keys: { readonly text: string; readonly value: K } | undefined
  #confirmedMs = 0
  #failures = 0
  #problem: string | undefined
  #waitUntilMs = 0
  #pending: Promise<"fetched" | "unavailable"> | undefined
  #callOff = () => {}
  #isClosed = false

  constructor(
    pace: Pace,
    maxStaleMs: number,
    ports: IdentityPorts,
    load: () => Promise<string>,
    read: (text: string) => K,
  ) {
    this.#pace = pace
    this.#maxStaleMs = maxStaleMs
    this.#ports = ports
    this.#load = load
    this.#read = read
    this.#pending = this.#fetch() // ahead of the first token
  }

  current(): K | undefined {
    return this.#keys?.value
  }

  async refresh(): Promise<"fetched" | "recent" | "unavailable"> {
    if (this.#pending !== undefined) return this.#pending
    if (this.#ports.now() < this.#waitUntilMs) return this.#failures > 0 ? "unavailable" : "recent"
    this.#pending = this.#fetch()
    return this.#pending
  }

  state(): KeySetState {
    const ageMs = this.#keys && this.#ports.now() - this.#confirmedMs
    const isUsable = ageMs !== undefined && ageMs <= this.#maxStaleMs
    return { ageMs, failures: this.#failures, problem: this.#problem, isUsable }
  }

  close(): void {
    this.#isClosed = true
    this.#callOff()
  }

  async #fetch(): Promise<"fetched" | "unavailable"> {
    try {
      const text = await this.#load()
      if (text !== this.#keys?.text) this.#keys = { text, value: this.#read(text) }
      this.#confirmedMs = this.#ports.now()
      this.#failures = 0
      this.#problem = undefined
      this.#waitUntilMs = this.#confirmedMs + this.#pace.cooldownMs
      return "fetched"
    } catch (cause) {
      this.#failures += 1
      this.#problem = cause instanceof Error ? cause.message : String(cause)
      this.#waitUntilMs = this.#ports.now() + this.#failureWaitMs()
      return "unavailable"
    } finally {
      this.#pending = undefined
      this.#plan()
    }
  }

  #failureWaitMs(): number {
    return Math.min(failureWaitMaxMs, 1_000 * 2 ** (this.#failures - 1))
  }

  /** The next refresh ahead of need: soon while there are no keys, seldom while the issuer is down and there are. */
  #plan(): void {
    this.#callOff()
    if (this.#isClosed) return
    const { periodMs } = this.#pace
    const soonMs = this.#keys === undefined ? this.#failureWaitMs() : outagePeriodMs
    const delayMs = this.#failures > 0 ? Math.min(soonMs, periodMs) : periodMs * spread()
    const after = this.#ports.after ?? unrefTimer
    this.#callOff = after(delayMs, () => void this.refresh())
  }
}

const spread = () => 0.8 + 0.4 * Math.random()

function unrefTimer(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs).unref()
  return () => clearTimeout(timer)
}
