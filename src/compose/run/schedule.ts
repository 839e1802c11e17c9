import type { Settled } from "../expr/scope.ts"
import type { Graph, Step } from "../plan/plan.ts"
import type { Entered } from "./boundary.ts"
import type { Cancellation } from "./cancellation.ts"
import { detach } from "./detach.ts"
import type { RunLog } from "./durable/run-log.ts"
import type { Result } from "./outcome.ts"
import { beginTally, type StepSummary, summaryOf, unstarted } from "./report.ts"
import { type Shape, shapeOf } from "./shape.ts"
import { Standing } from "./standing.ts"
import { runStep } from "./step.ts"
import { type Reason, Stop } from "./stop.ts"
import { earlier, type Site, startTimer, stopped, type Work } from "./work.ts"

/**
 * The steps of one graph while it runs. A step starts the moment those that it waits for have settled; of several that
 * are ready the first of the document starts first. There are no waves.
 */
export class Schedule {
  readonly #graph: Graph
  #site: Site
  /** Of what holds the graph; the graph's own is a part of it. */
  readonly #outer: Stop
  readonly #stop: Stop
  readonly #shape: Shape
  readonly #standing: Standing
  /** What expressions see of the steps. */
  readonly #settled: Map<string, Settled>
  /** How many steps each still waits for. */
  readonly #missing: number[]
  /** Steps that may start, in the order of the document. */
  readonly #ready: number[] = []
  /** By the index of the step, as far as they have settled. */
  readonly #summaries: (readonly StepSummary[])[] = []
  readonly #timers: Cancellation[] = []
  readonly #end = Promise.withResolvers<Result>()
  readonly #endMs: number | undefined
  #running = 0
  #isLate = false

  constructor(graph: Graph, { site, steps }: Entered) {
    this.#graph = graph
    this.#outer = site.stop
    this.#stop = new Stop(site.stop)
    this.#shape = shapeOf(graph)
    this.#standing = new Standing(graph)
    this.#settled = steps
    this.#missing = [...this.#shape.waitsFor]
    this.#endMs = endOf(graph, site)
    const deadlineMs =
      this.#endMs === undefined ? site.deadlineMs : earlier(site.deadlineMs, this.#endMs)
    this.#site = { ...site, stop: this.#stop, deadlineMs }
  }

  /** Runs the steps; the value of the graph is not computed here. */
  async run(): Promise<Result> {
    const { timeoutMs, steps } = this.#graph
    if (timeoutMs !== undefined && this.#endMs !== undefined) this.#limit(timeoutMs, this.#endMs)
    for (const index of steps.keys()) if (this.#missing[index] === 0) this.#ready.push(index)
    this.#advance()
    try {
      return await this.#end.promise
    } finally {
      for (const timer of this.#timers) timer.cancel()
      this.#stop.close()
    }
  }

  /** Of every step, in the order of the document, each followed by those inside it. */
  summaries(): readonly StepSummary[] {
    return this.#graph.steps.flatMap(({ id }, index) => {
      return this.#summaries[index] ?? [unstarted(this.#pathOf(id), "not_started")]
    })
  }

  #advance(): void {
    while (this.#ready.length > 0 && this.#mayStart() && this.#hasRoom()) {
      const index = this.#ready.shift() ?? 0
      const step = this.#graph.steps[index]
      if (step !== undefined) this.#start(step, index)
    }
    if (this.#running > 0) return
    if (this.#isGoingOn() && this.#standing.open > 0)
      throw new Error("steps of a plan wait for each other")
    const cut = { outer: this.#outer.reason, isLate: this.#isLate }
    this.#end.resolve(this.#standing.conclude(cut, this.#site))
  }

  #isGoingOn(): boolean {
    return this.#standing.verdict === undefined && this.#stop.reason === undefined
  }

  #mayStart(): boolean {
    return this.#isGoingOn() || this.#site.run.isGoingThrough
  }

  #hasRoom(): boolean {
    const { maxParallel } = this.#site.run.parts.limits
    return this.#running < Math.min(this.#graph.maxParallel, maxParallel)
  }

  #start(step: Step, index: number): void {
    const { run } = this.#site
    const id = this.#pathOf(step.id)
    const work: Work = { ...this.#site, step, path: id, tally: beginTally() }
    if (step.policies.detached) {
      this.#detach(work)
      this.#summaries[index] = [unstarted(id, "detached")]
      this.#standing.skip()
      this.#release(index)
      return
    }
    this.#running++
    run.tell({ kind: "started", id, ...(step.name !== undefined && { name: step.name }) })
    this.#run(work, index).catch(this.#end.reject)
  }

  async #run(work: Work, index: number): Promise<void> {
    const { run } = work
    const beganMs = run.parts.ports.clock.now()
    let result: Result | "skipped"
    try {
      result = await runStep(work)
    } catch (bug) {
      run.crash(bug)
      result = stopped(work, { class: "cancelled", message: "given up because of a fault" })
    }
    this.#settle(index, { work, beganMs }, result)
  }

  /** Once, also where the run is gone through again. */
  #detach(work: Work): void {
    const { log } = work.run.parts
    if (log?.state.step(work.path) !== undefined || this.#stop.reason !== undefined) return
    log?.skip(work.path, "detached")
    detach(work)
  }

  #settle(index: number, { work, beganMs }: Started, result: Result | "skipped"): void {
    const { run, path, tally, step } = work
    this.#running--
    const ms = run.parts.ports.clock.now() - beganMs
    const summary = summaryOf({ id: path, tally, ms }, result)
    this.#summaries[index] = [summary, ...tally.inner]
    run.tell({ kind: "settled", ...summary })
    this.#settled.set(step.id, settledAs(result))
    if (result === "skipped") this.#standing.skip()
    else this.#standing.record(index, result)
    if (step.pivot && result !== "skipped" && result.ok) this.#passPivot()
    this.#release(index)
    // Of what was stopped only the end says how it stands.
    if (this.#isGoingOn()) this.#decide()
    this.#advance()
  }

  /** Those who waited for a step wait for one less. */
  #release(index: number): void {
    for (const next of this.#shape.waiting[index] ?? []) {
      const missing = (this.#missing[next] ?? 0) - 1
      this.#missing[next] = missing
      if (missing === 0) insert(this.#ready, next)
    }
  }

  /** Gives up what runs in vain. In a pipeline what has an effect may still say what became of it. */
  #decide(): void {
    const verdict = this.#standing.decide()
    // What is gone through again is refused when it had not been begun, so it has to be told.
    if (verdict === undefined || (this.#running === 0 && !this.#site.run.isGoingThrough)) return
    if (this.#graph.kind === "scatter") {
      this.#stop.abort(verdict === "success" ? enough : inVain)
      return
    }
    this.#stop.drain(inVain)
    const { drainMs } = this.#site.run.parts.limits
    this.#after(drainMs, () => this.#stop.abort(inVain))
  }

  #overrun(timeoutMs: number): void {
    this.#isLate = this.#isGoingOn()
    this.#stop.abort({ class: "deadline", message: `not done within ${timeoutMs} ms (timeoutMs)` })
  }

  /** From here on neither the time of the saga nor what stops those around it stops it. */
  #passPivot(): void {
    const { run, saga } = this.#site
    saga?.passPivot()
    if (this.#stop.reason !== undefined) return
    for (const timer of this.#timers.splice(0)) timer.cancel()
    this.#stop.moveTo(run.halt)
    this.#site = { ...this.#site, deadlineMs: undefined }
  }

  /** Of a durable run the time is that of the whole, however often it was begun again. */
  #limit(timeoutMs: number, endMs: number): void {
    const { run, path } = this.#site
    const { log, ports } = run.parts
    if (log !== undefined && this.#wasPastPivot(log)) return
    const leftMs = endMs - ports.clock.now()
    // What had all its steps done in time is gone through again at once, and has not run out of it.
    if (leftMs > 0 || path !== "") this.#after(Math.max(0, leftMs), () => this.#overrun(timeoutMs))
    else this.#overrun(timeoutMs)
  }

  #wasPastPivot({ state }: RunLog): boolean {
    const pivot = this.#graph.steps.find((step) => step.pivot)
    return pivot !== undefined && state.step(this.#pathOf(pivot.id))?.standing === "done"
  }

  #after(ms: number, act: () => void): void {
    this.#timers.push(startTimer(this.#site.run.parts.ports.clock, ms, act))
  }

  #pathOf(id: string): string {
    return this.#site.path === "" ? id : `${this.#site.path}/${id}`
  }
}

interface Started {
  readonly work: Work
  readonly beganMs: number
}

/** When its own time is over, on the clock's scale. */
function endOf({ timeoutMs }: Graph, { run, path }: Site): number | undefined {
  if (timeoutMs === undefined) return
  const { log, ports } = run.parts
  if (path === "") return log?.deadlineMs ?? ports.clock.now() + timeoutMs
  return log?.endOf(path, timeoutMs, "graph") ?? ports.clock.now() + timeoutMs
}

function settledAs(result: Result | "skipped"): Settled {
  if (result === "skipped") return { status: "skipped" }
  if (!result.ok) return { status: "failed" }
  return { status: "ok", ...(result.value !== undefined && { value: result.value }) }
}

const enough: Reason = { class: "cancelled", message: "given up: others have answered" }
const inVain: Reason = { class: "cancelled", message: "given up: another step has failed" }

function insert(sorted: number[], index: number): void {
  const place = sorted.findIndex((other) => other > index)
  sorted.splice(place === -1 ? sorted.length : place, 0, index)
}
