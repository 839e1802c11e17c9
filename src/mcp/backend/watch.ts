import type { BackendLimits } from "./limits.ts"
import type { Link } from "./link.ts"
import { lookAtTools, type Sighting } from "./sighting.ts"

const apartMs = 1_000

/** Looks at a server's tools, one look at a time and at most once a second, however often it is asked to. */
export class Watch {
  readonly #limits: BackendLimits
  readonly #onSight: (sighting: Sighting) => void
  #isLooking = false
  #isAsked = false
  #nextMs = 0
  #timer: NodeJS.Timeout | undefined
  /** Names at the last look that worked. */
  tools: ReadonlySet<string> | undefined

  constructor(limits: BackendLimits, onSight: (sighting: Sighting) => void) {
    this.#limits = limits
    this.#onSight = onSight
  }

  look(link: Link): void {
    this.#isAsked = true
    if (this.#isLooking || this.#timer !== undefined) return
    const waitMs = this.#nextMs - performance.now()
    if (waitMs <= 0) void this.#look(link)
    else this.#timer = setTimeout(() => this.#look(link), waitMs).unref()
  }

  async #look(link: Link): Promise<void> {
    this.#timer = undefined
    this.#isAsked = false
    this.#isLooking = true
    this.#nextMs = performance.now() + apartMs
    const sighting = await lookAtTools(link, this.#limits)
    this.#isLooking = false
    this.#onSight(this.note(sighting))
    if (this.#isAsked) this.look(link)
  }

  /** The server was looked at, here or by whoever connected it. */
  note(sighting: Sighting): Sighting {
    if (sighting.kind === "tools") this.tools = new Set(sighting.tools.map(({ name }) => name))
    return sighting
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
