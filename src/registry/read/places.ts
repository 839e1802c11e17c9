/** A place in a file. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Places by pointer into a document. What has none of its own was written with the nearest part around it that has. */
export type Places = ReadonlyMap<string, Place>

/** Where a document was written. */
export interface Provenance {
  /** Shown in problems. */
  readonly file?: string
  /** Of a document that a program made: the lines of the program. Asked for when there is a problem to show. */
  readonly places?: () => Places
}

/** The place of the part that the pointer names, or of the nearest part around it. */
export function placeIn(places: Places, pointer: string): Place | undefined {
  for (let end = pointer.length; end > 0; end = pointer.lastIndexOf("/", end - 1)) {
    const place = places.get(pointer.slice(0, end))
    if (place !== undefined) return place
  }
  return places.get("")
}
