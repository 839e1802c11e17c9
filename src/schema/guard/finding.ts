import { segment } from "../json.ts"

/** Why a schema is refused. */
export interface SchemaFinding {
  readonly code:
    | "schema_invalid"
    | "schema_too_complex"
    | "schema_ref_loop"
    | "ref_external"
    | "ref_invalid"
  /** JSON Pointer into the schema; "" is the whole. */
  readonly at: string
  readonly message: string
  /** What would be right. */
  readonly hint?: string
}

/** A schema with a thousand mistakes is understood after these. */
export const findingsMax = 20

/** The way to a value, kept as links so that a pointer is written only when something is found there. */
export interface Place {
  readonly up: Place | undefined
  readonly key: string | number
}

/** The JSON Pointer of a place; undefined is the root. */
export function pointerTo(place: Place | undefined): string {
  let pointer = ""
  for (let at = place; at !== undefined; at = at.up) pointer = segment(at.key) + pointer
  return pointer
}
