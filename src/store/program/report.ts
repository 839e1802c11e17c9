import type { Place } from "../../registry/read/places.ts"

/**
 * What the process of a program says about the document that it gave, or why it gave none: a line of JSON. Another line
 * has the places in which the parts of the document were written, which are only read when there is a problem to place.
 */
export interface Report {
  /** Why there is no document. */
  readonly message?: string
  /** Of the error, where one was thrown. */
  readonly stack?: string
  /** The files that the program consists of, packages aside. */
  readonly modules: readonly string[]
}

/** A pointer into the document, and where that part was written. */
export type WrittenPlace = readonly [pointer: string, place: Place]
