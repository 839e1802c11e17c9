import type { Plan } from "../../../compose/plan/plan.ts"
import type { StepEvent } from "../../../compose/run/report.ts"
import type { JsonObject } from "../../../schema/json.ts"
import type { Heard } from "../invoke.ts"
import type { Teller } from "../teller.ts"

/** The callers who hear how a durable run goes while it is driven here: they come and go. */
export class Audience implements Heard {
  readonly #plan: Plan
  readonly #tellers = new Set<Teller>()
  /** What those who come later have to catch up with. */
  readonly #told: StepEvent[] = []

  constructor(plan: Plan) {
    this.#plan = plan
  }

  get wantsProgress(): boolean {
    for (const teller of this.#tellers) if (teller.wantsProgress) return true
    return false
  }

  /** Does nothing for one that is there already. */
  add(teller: Teller): void {
    if (!teller.wantsProgress || this.#tellers.has(teller)) return
    this.#tellers.add(teller)
    teller.join(this.#plan, this.#told)
  }

  remove(teller: Teller): void {
    this.#tellers.delete(teller)
  }

  step(event: StepEvent): void {
    if (event.kind !== "started" && event.kind !== "retrying") this.#told.push(event)
    for (const teller of this.#tellers) teller.step(event)
  }

  notified(step: string, said: JsonObject): void {
    for (const teller of this.#tellers) teller.notified(step, said)
  }

  /** A durable run has no timeline: its journal is one. */
  attempted(): void {}
}
