import { type Answering, answering } from "./answering.ts"
import type { StoredEvent } from "./event.ts"
import { passedPivot, type Standing } from "./operate/verbs.ts"

/** Why a run cannot be cancelled, or need not be; undefined: it can. */
export type Uncancellable = "over" | "past pivot" | "cancelled"

export function whyUncancellable(
  standing: Pick<Standing, "plan" | "state">,
): Uncancellable | undefined {
  const { status, cancelled } = standing.state
  if (status !== "running" && status !== "waiting") return "over"
  if (cancelled !== undefined) return "cancelled"
  return passedPivot(standing) === undefined ? undefined : "past pivot"
}

/** That whoever began a run wants it no more, as it is written while nobody drives it; the state has it already. */
export function cancelling(
  who: string,
  { state, record, nowMs }: Pick<Standing, "state" | "record"> & { readonly nowMs: number },
): Answering {
  const event: StoredEvent = {
    ...{ kind: "cancel", step: "", data: { who } },
    ...{ seq: state.seq + 1, atMs: nowMs },
  }
  state.apply(event)
  if (state.status !== "waiting") return { events: [event], change: { recoveries: 0 } }
  const { events, change } = answering(new Map(), { state, record, nowMs }) // nobody is asked any more
  return { events: [event, ...events], change }
}
