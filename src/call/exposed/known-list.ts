import { setTimeout as sleep } from "node:timers/promises"
import type { Listed } from "../backends.ts"
import { judgeSchemas } from "./exposed-tool.ts"

/** How lists are looked at: both are the time of everybody else. */
export interface Looking {
  /** Between two looks at what one server lists, however often that changes. */
  readonly intervalMs: number
  /** Runs the work to its end and lets others have their turn in between. */
  inSlices(work: Generator<void, void, void>): Promise<void>
}

/**
 * What one server lists, as far as it has been looked at. To judge the schemas of thousands of tools takes long: it is done
 * in slices, before anything is made of the list, and of lists that come meanwhile the last one counts.
 */
export class KnownList {
  listed: Listed | undefined
  readonly #looking: Looking
  readonly #taken: () => void
  #next: Listed | undefined
  #running: Promise<void> | undefined
  #restsUntilMs = 0

  /** `taken` is told when another list is the one that is known. */
  constructor(looking: Looking, taken: () => void) {
    this.#looking = looking
    this.#taken = taken
  }

  /** Resolves when the list that is looked at is known; at once where that has to wait for its time. */
  async take(listed: Listed): Promise<void> {
    if (listed.items !== (this.#next ?? this.listed)?.items) {
      this.#next = listed
      this.#running ??= this.#look(listed)
    }
    if (performance.now() >= this.#restsUntilMs) await this.#running
  }

  async #look(first: Listed): Promise<void> {
    await this.#rest()
    const listed = this.#next ?? first
    try {
      await this.#looking.inSlices(judged(listed))
    } catch (bug) {
      this.#running = undefined // the next list is looked at all the same
      throw bug
    }
    const later = this.#next === listed ? undefined : this.#next
    this.#next = later
    this.listed = listed
    this.#restsUntilMs = performance.now() + this.#looking.intervalMs
    this.#running = later && this.#look(later)
    this.#taken()
  }

  async #rest(): Promise<void> {
    const left = this.#restsUntilMs - performance.now()
    if (left > 0) await sleep(left, undefined, { ref: false })
  }
}

/** Judges what the tools are made with, which is remembered. */
function* judged({ plain }: Listed): Generator<void, void, void> {
  for (const tool of plain) {
    judgeSchemas(tool)
    yield
  }
}
