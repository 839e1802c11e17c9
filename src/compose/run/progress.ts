import type { Graph, Node, Plan, Step } from "../plan/plan.ts"
import type { StepEvent } from "./report.ts"

/** How far a run is. */
export interface Advance {
  /** Rises with every report. */
  readonly progress: number
  /** Calls that the run may make, as far as it is known: items are once they are counted. */
  readonly total: number
  /** The step that this is about. */
  readonly message: string
}

/** Reports are at least so far apart (compositions §11.6). */
const pauseMs = 100

/** Progress has to rise with every report (MCP): while a run goes back, by so little of a call that it stays where it is. */
const sliver = 0.001

/** A step that may call, or holds others that may. */
interface Unit {
  readonly name: string
  readonly parent: Unit | undefined
  /** Its share: the calls in it, as far as they are known. */
  weight: number
  /** How much of its share has settled, of itself or of those inside. */
  done: number
  /** With `forEach`: the share of one item. */
  readonly perItem: number | undefined
}

/**
 * Counts how far a run is, from what it tells of its steps: each step that may call has a share, which is settled when
 * the step is, however it ends. A backend's own progress counts within the share of its step.
 */
export class Progress {
  readonly #units = new Map<string, Unit>()
  readonly #root: Unit = { name: "", parent: undefined, weight: 0, done: 0, perItem: undefined }
  /** Shares that backends have told of steps under way, by path. */
  readonly #partial = new Map<string, number>()
  #told = 0
  #toldAtMs = Number.NEGATIVE_INFINITY

  /** `before`: who hears it has heard of the same run already. */
  constructor({ root }: Plan, before?: Progress) {
    this.#root.weight = this.#add(root, "", this.#root)
    if (before === undefined) return
    this.#told = before.#told
    this.#toldAtMs = before.#toldAtMs
  }

  /** What there is to report now, if anything. */
  after(event: StepEvent, nowMs: number): Advance | undefined {
    if (event.kind === "undoing") return this.#back(event.id, nowMs)
    const about = this.#take(event)
    return about && this.#report(about.name, nowMs)
  }

  /** The same after all that was missed. */
  afterAll(events: readonly StepEvent[], nowMs: number): Advance | undefined {
    const [about] = events.flatMap((event) => this.#take(event) ?? []).slice(-1)
    const last = events.at(-1)
    if (last?.kind === "undoing") return this.#back(last.id, nowMs)
    return about && this.#report(about.name, nowMs)
  }

  /** Counts it; whom it is about. */
  #take(event: StepEvent): Unit | undefined {
    if (event.kind === "items") this.#count(event.id, event.count)
    if (event.kind !== "settled") return
    this.#partial.delete(event.id)
    const unit = this.#units.get(event.id)
    if (unit !== undefined) this.#settle(unit, unit.weight - unit.done)
    const each = unit === undefined ? this.#unitOfItem(event.id) : undefined
    if (each?.perItem !== undefined)
      this.#settle(each, Math.min(each.perItem, each.weight - each.done))
    return unit ?? each
  }

  /** The same after a backend has told how far one call is. */
  afterPart(path: string, part: number, nowMs: number): Advance | undefined {
    const unit = this.#units.get(path) ?? this.#unitOfItem(path)
    if (unit === undefined || !(part > 0)) return
    this.#partial.set(path, Math.min(part, 1) * (unit.perItem ?? unit.weight))
    return this.#report(unit.name, nowMs)
  }

  #add(graph: Graph, prefix: string, parent: Unit): number {
    let sum = 0
    for (const step of graph.steps) {
      if (step.policies.detached) continue // nobody is told when it ends
      const path = prefix === "" ? step.id : `${prefix}/${step.id}`
      sum += this.#addStep(step, path, parent)
    }
    return sum
  }

  #addStep(step: Step, path: string, parent: Unit): number {
    const { node, policies, id, name = id } = step
    const isEach = policies.forEach !== undefined
    const unit: Unit = {
      name,
      parent,
      weight: 0,
      done: 0,
      perItem: isEach ? callsIn(node) : undefined,
    }
    unit.weight =
      node.kind === "graph" && !isEach ? this.#add(node.graph, path, unit) : callsIn(node)
    if (unit.weight > 0) this.#units.set(path, unit)
    return unit.weight
  }

  #count(path: string, items: number): void {
    const unit = this.#units.get(path)
    if (unit?.perItem === undefined || unit.done > 0) return // the second time it tries
    const more = unit.perItem * items - unit.weight
    for (let at: Unit | undefined = unit; at !== undefined; at = at.parent) at.weight += more
  }

  #settle(unit: Unit, share: number): void {
    for (let at: Unit | undefined = unit; at !== undefined; at = at.parent) at.done += share
  }

  #unitOfItem(path: string): Unit | undefined {
    const step = /^(.*)\[\d+\]$/.exec(path)?.[1]
    return step === undefined ? undefined : this.#units.get(step)
  }

  #back(path: string, nowMs: number): Advance | undefined {
    if (nowMs - this.#toldAtMs < pauseMs) return
    const name = (this.#units.get(path) ?? this.#unitOfItem(path))?.name ?? path
    this.#told += sliver
    this.#toldAtMs = nowMs
    const total = Math.max(this.#root.weight, this.#told)
    return { progress: this.#told, total, message: `undoing ${name}` }
  }

  #report(message: string, nowMs: number): Advance | undefined {
    const { done, weight } = this.#root
    const parts = [...this.#partial.values()].reduce((sum, part) => sum + part, 0)
    const progress = Math.min(done + parts, weight)
    if (progress <= this.#told || nowMs - this.#toldAtMs < pauseMs) return
    this.#told = progress
    this.#toldAtMs = nowMs
    return { progress, total: weight, message }
  }
}

/** Calls that a node makes at most once each, not counting what only errors lead to. */
function callsIn(node: Node): number {
  switch (node.kind) {
    case "call":
    case "choose":
      return 1
    case "graph":
      return node.graph.steps
        .filter(({ policies }) => policies.detached !== true)
        .reduce((sum, step) => sum + callsIn(step.node), 0)
    case "value":
    case "approve":
      return 0
  }
}
