import type { Json } from "../../schema/json.ts"
import type { Schemas } from "../../schema/validator.ts"
import type { Graph } from "../plan/plan.ts"
import type { RunLog } from "./durable/run-log.ts"
import type { RunLimits } from "./limits.ts"
import type { Failure, Result, StepError } from "./outcome.ts"
import type { Ports } from "./ports.ts"
import type { RunNote, StepEvent } from "./report.ts"
import { Meter } from "./size.ts"
import type { PolicyState } from "./state/policy-state.ts"
import { Stop } from "./stop.ts"
import type { Site } from "./work.ts"

/** What a run is made of, the same from beginning to end. */
export interface RunParts {
  readonly ports: Ports
  readonly state: PolicyState
  readonly schemas: Schemas
  readonly limits: RunLimits
  readonly runId: string
  readonly callerScope: string
  readonly onStep: ((event: StepEvent) => void) | undefined
  /** Graphs hold steps and steps hold graphs: what runs a step reaches the other through here. */
  readonly runGraph: (graph: Graph, site: Site) => Promise<Result>
  /** Of a durable run. */
  readonly log?: RunLog
  /** Of a durable run: what is wrong with the value of the whole. */
  readonly faultOf?: ((value: Json | undefined) => Failure | undefined) | undefined
}

/** Why a durable run comes to rest before its end: it waits for an operator. */
export interface Parking {
  /** For people. */
  readonly reason: string
  readonly error: StepError | undefined
}

interface RunStart {
  readonly stop?: Stop
  readonly isTrusted?: boolean
}

const notesMax = 100

/** One run of a plan while it lasts: what it has used up, and whether it goes on. */
export class Run {
  readonly parts: RunParts
  readonly stop: Stop
  /** What stops also what is not stopped with the run: settling, and compensations. */
  readonly halt = new Stop()
  readonly notes: RunNote[] = []
  readonly #meter: Meter
  #callsLeft: number
  #isTrusted: boolean
  #bug: { readonly cause: unknown } | undefined
  #isOver = false
  #parking: Parking | undefined
  #isAsking = false

  /** `isTrusted`: its arguments have been held to their schema, and every answer is going to be. */
  constructor(parts: RunParts, { stop, isTrusted = false }: RunStart = {}) {
    this.parts = parts
    this.#isTrusted = isTrusted
    this.stop = stop ?? new Stop(this.halt)
    this.#meter = new Meter(parts.limits.runBytes)
    this.#callsLeft = parts.limits.maxCalls
  }

  /** The run of what goes on by itself: nobody is told of its steps, and it has its own allowances. */
  apart(stop: Stop): Run {
    const { log: _, ...parts } = this.parts
    return new Run({ ...parts, onStep: undefined }, { stop, isTrusted: this.#isTrusted })
  }

  /** Whether every value so far has been held to its schema in this very run: proofs rest on that. */
  get isTrusted(): boolean {
    return this.#isTrusted
  }

  /** Notes that a value was taken over from elsewhere. */
  distrust(): void {
    this.#isTrusted = false
  }

  /** False when the run has made all the calls that it may make. */
  takeCall(): boolean {
    this.#callsLeft--
    return this.#callsLeft >= 0
  }

  /** False when the run holds too much with this value. */
  hold(value: Json): boolean {
    return this.#meter.add(value)
  }

  /** False when the value is too large to be sent, though all parts of it may be held. */
  fits(value: Json): boolean {
    return this.#meter.fits(value)
  }

  tell(event: StepEvent): void {
    if (this.#isOver || this.parts.onStep === undefined) return
    try {
      this.parts.onStep(event)
    } catch (cause) {
      this.crash(cause)
    }
  }

  /**
   * A recovered run goes through all steps again, also when it has been stopped: what was begun before has its outcome
   * from the journal, and the rest is refused.
   */
  get isGoingThrough(): boolean {
    return this.parts.log?.isRecovered === true && this.halt.reason === undefined
  }

  get parking(): Parking | undefined {
    return this.#parking
  }

  /** The run goes nowhere without an operator: what is under way ends, and nothing else is begun. */
  park(parking: Parking): void {
    this.#parking ??= parking
    this.halt.drain({
      class: "cancelled",
      message: `not begun: the run is parked, ${parking.reason}`,
    })
  }

  /** Whether it came to rest because a person is asked. */
  get isAsking(): boolean {
    return this.#isAsking
  }

  /** A person is asked: the run comes to rest, and goes on with the answer, whenever and wherever that is. */
  ask(): void {
    this.#isAsking = true
    this.halt.drain({ class: "cancelled", message: "not begun: the run waits for an answer" })
  }

  note(note: RunNote): void {
    if (this.notes.length < notesMax) this.notes.push(note)
  }

  /** A bug: everything is given up, and whoever started the run gets to know it. */
  crash(cause: unknown): void {
    this.#bug ??= { cause }
    const reason = {
      class: "cancelled",
      message: "given up because of a fault of the gateway",
    } as const
    this.halt.abort(reason)
    this.stop.abort(reason)
  }

  /** Ends the run. Throws when a bug has ended it before. */
  end(): void {
    this.#isOver = true
    this.stop.close()
    if (this.#bug !== undefined)
      throw new Error("a composition met a fault of the gateway", { cause: this.#bug.cause })
  }
}
