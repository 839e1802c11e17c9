import type { Result } from "../outcome.ts"
import type { Clock } from "../ports.ts"
import { type Reason, Stop } from "../stop.ts"
import { startTimer } from "../work.ts"

/** How something ended that nobody waits for; `bug` is what it threw. */
export interface Report {
  /** The composition and the path of the step. */
  readonly id: string
  readonly result: Result | "skipped" | "dropped" | { readonly bug: unknown }
}

export interface Job {
  readonly id: string
  /** Until when on the clock's scale. */
  run(stop: Stop, deadlineMs: number): Promise<Result | "skipped">
}

export interface BackgroundOptions {
  readonly clock: Clock
  readonly queueMax: number
  readonly parallel: number
  readonly timeoutMs: number
  readonly report: (report: Report) => void
}

interface Queued {
  readonly job: Job
  readonly end: (report: Report["result"]) => void
}

/** What goes on by itself: detached steps, and what renews caches. Whose run they came from may long be over. */
export class Background {
  readonly #options: BackgroundOptions
  readonly #stop = new Stop()
  readonly #queue: Queued[] = []
  readonly #idle: (() => void)[] = []
  #running = 0
  #dropped = 0

  constructor(options: BackgroundOptions) {
    this.#options = options
  }

  /** How many were dropped because too many waited. */
  get dropped(): number {
    return this.#dropped
  }

  /** Starts it as soon as there is room. Resolves when it is over, one way or another. */
  add(job: Job): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (result: Report["result"]) => {
      this.#options.report({ id: job.id, result })
      resolve()
    }
    this.#queue.push({ job, end })
    this.#next()
    if (this.#queue.length > this.#options.queueMax) this.#drop(this.#queue.shift())
    return promise
  }

  /** Resolves when nothing is under way any more. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => void this.#idle.push(resolve))
  }

  /** Gives up all that is under way or waits. */
  close(reason: Reason): void {
    for (const queued of this.#queue.splice(0)) this.#drop(queued)
    this.#stop.abort(reason)
  }

  #drop(queued: Queued | undefined): void {
    this.#dropped++
    queued?.end("dropped")
  }

  #next(): void {
    while (this.#running < this.#options.parallel) {
      const queued = this.#queue.shift()
      if (queued === undefined) break
      this.#running++
      void this.#run(queued)
    }
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #run({ job, end }: Queued): Promise<void> {
    const { clock, timeoutMs } = this.#options
    const stop = new Stop(this.#stop)
    const message = `not done within ${timeoutMs} ms (limit detachedTimeout)`
    const timer = startTimer(clock, timeoutMs, () => stop.abort({ class: "deadline", message }))
    let result: Report["result"]
    try {
      result = await job.run(stop, clock.now() + timeoutMs)
    } catch (bug) {
      result = { bug }
    }
    timer.cancel()
    stop.close()
    this.#running--
    end(result)
    this.#next()
  }
}
