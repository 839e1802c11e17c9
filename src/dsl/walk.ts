import { hasSite } from "./site.ts"

export interface Part {
  readonly part: object
  /** The part itself, or the nearest around it of which it is known where it was written. */
  readonly around: object
}

/** Every object and array within a part of a document, from the outside in. */
export function* walk(part: unknown, around?: object): Generator<Part> {
  if (typeof part !== "object" || part === null) return
  const nearest = around === undefined || hasSite(part) ? part : around
  yield { part, around: nearest }
  for (const inside of Object.values(part)) yield* walk(inside, nearest)
}
