import type { Json, JsonObject } from "../../../schema/json.ts"
import type { Happened, StepError } from "../outcome.ts"
import type { RunStatus } from "./status.ts"

/**
 * What a journal keeps of a run: facts in the order in which they became known, each written before anything that
 * follows from it is done (compositions §10.2). `step` is the path of a step or of an item of it: `book/flight`, `pay[3]`;
 * what an `onError` runs stands under `pay!`, a probe under `pay?`, what happens inside a compensation under `~pay/…`.
 */
export type RunEvent = { readonly step: string } & (
  | StepEvents
  | AnswerEvents
  | UndoEvents
  | BeginEvent
  | TurnEvent
  | CancelEvent
  | OpEvent
)

type StepEvents =
  /** A call with an effect is about to be made, for the `attempt`th time. */
  | { readonly kind: "intent"; readonly attempt: number; readonly data: Sending }
  | { readonly kind: "ok"; readonly data: Done }
  /** A call has failed for certain: its effect is none, or done with a result that is of no use. */
  | { readonly kind: "fail"; readonly attempt: number; readonly data: Problem }
  /** Nobody can tell whether it happened. */
  | { readonly kind: "unknown"; readonly attempt: number; readonly data: Problem }
  /** It has been settled what an unknown outcome counts as. */
  | { readonly kind: "settle"; readonly data: Settlement }
  /** `detached`: started, and nobody looks after it. */
  | { readonly kind: "skip"; readonly data: { readonly why: "condition" | "detached" } }

type AnswerEvents =
  /** A person is asked. */
  | { readonly kind: "ask"; readonly data: Question }
  | { readonly kind: "answer"; readonly data: PersonsAnswer }

type UndoEvents =
  /** A compensation is about to be made, for the `attempt`th time. */
  | { readonly kind: "undo"; readonly attempt: number; readonly data: Sending }
  | { readonly kind: "undone"; readonly data: { readonly value?: Json } }
  | {
      readonly kind: "undofail"
      readonly attempt: number
      /** `final`: it is not tried again by itself. */
      readonly data: Problem & { readonly final?: true }
    }

/**
 * What has a time of its own has begun, a graph inside or a step with all its attempts: later begun again, it has no more
 * than is left.
 */
export interface BeginEvent {
  readonly kind: "begin"
  readonly data: {
    /** What the run waits for a person comes on top. */
    readonly untilMs: number
    /** Absent: the graph at this path. */
    readonly of?: "step"
  }
}

/** What may have a time of its own at one path. */
export type Timed = "graph" | "step"

/**
 * The run takes another status, or, with the path of a saga inside, that saga goes back (`to: "compensating"`). Nothing of
 * what goes back is ever begun again.
 */
export interface TurnEvent {
  readonly kind: "turn"
  readonly data: {
    readonly to: RunStatus
    /** For people. */
    readonly reason?: string
    /** Why it goes back, or has failed. */
    readonly error?: StepError
  }
}

/** Whoever began it wants it no more. */
export interface CancelEvent {
  readonly kind: "cancel"
  /** Who, as the gateway knows them; for people. */
  readonly data: { readonly who: string }
}

/** An operator has stepped in; `step` is what the verb is about, empty for the run. */
export interface OpEvent {
  readonly kind: "op"
  readonly data: {
    readonly verb: "resume" | "retry-step" | "skip-step" | "compensate" | "cancel" | "abandon"
    readonly operator: string
    readonly reason: string
    /** Of `skip-step`: what stands for the value of the step. */
    readonly output?: Json
    /** Of `compensate`: also after a pivot. */
    readonly force?: true
  }
}

interface Sending {
  /** Digest of what is sent. */
  readonly input: string
  /** As `name@version`. */
  readonly target: string
}

interface Done {
  /** Absent where the step has no value. */
  readonly value?: Json
  readonly effect: Happened
}

interface Problem {
  readonly error: StepError
  /** What the backend asked to be left alone for. */
  readonly retryAfterMs?: number
}

export interface Settlement {
  readonly as: "done" | "none"
  readonly by: "probe" | "assumption"
  /** What the probe found: it stands for the value of the step. */
  readonly value?: Json
}

export interface Question {
  readonly message: string
  /** What the content of an answer is held to. */
  readonly schema?: Json
  readonly to: "caller" | "operator"
  /** After it nobody can answer any more. */
  readonly untilMs: number
}

export interface PersonsAnswer {
  readonly action: "accept" | "decline" | "cancel" | "timeout"
  /** Of what was accepted: the value of the step. */
  readonly content?: JsonObject
  /** Who answered, as the gateway knows them; for people. */
  readonly who: string
  /** An operator's. */
  readonly reason?: string
}

/** An event as it is stored: its place in the run, from 1 without gaps, and when, in milliseconds since the epoch. */
export type StoredEvent = RunEvent & { readonly seq: number; readonly atMs: number }

/**
 * What says how a call ended: a run that writes none of them makes no progress. That a call was found not to have happened is
 * none: it may be what ends the process each time.
 */
export const isOutcome = ({ kind }: RunEvent): boolean => outcomes.has(kind)

const outcomes: ReadonlySet<RunEvent["kind"]> = new Set(["ok", "fail", "answer", "undone"])
