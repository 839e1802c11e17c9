import type { StoredEvent } from "../../../compose/run/durable/event.ts"

/** An event in the form in which it is written. */
export interface EventRow {
  readonly seq: number
  readonly step: string
  readonly kind: string
  readonly attempt: number | null
  readonly data: string
  readonly t: number
}

export const eventRow = (event: StoredEvent): EventRow => ({
  seq: event.seq,
  step: event.step,
  kind: event.kind,
  attempt: "attempt" in event ? event.attempt : null,
  data: JSON.stringify(event.data),
  t: Math.round(event.atMs),
})

export const eventValues = ({ seq, step, kind, attempt, data, t }: EventRow): unknown[] => [
  ...[seq, step, kind, attempt, data, t],
]
