import { segment } from "../../schema/json.ts"

/** A place in a file. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Places by pointer into a document. What has none of its own was written with the nearest part around it that has. */
export type Places = ReadonlyMap<string, Place>

/** The places of all parts of a document of which `placeOf` knows one. */
export function placesBy(document: object, placeOf: (part: object) => Place | undefined): Places {
  const places = new Map<string, Place>()
  const look = (part: unknown, pointer: string): void => {
    if (typeof part !== "object" || part === null) return
    const place = placeOf(part)
    if (place !== undefined) places.set(pointer, place)
    for (const [key, inside] of Object.entries(part)) look(inside, pointer + segment(key))
  }
  look(document, "")
  return places
}

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

/** Shared by all copies of this library in a process: a program may have been given another than its reader's. */
const key = Symbol.for("dev.postern.places")

/** The document, which knows from now on where its parts were written. As JSON it is what it was. */
export const withPlaces = <T extends object>(document: T, places: () => Places): T =>
  Object.defineProperty(document, key, { value: places })

/** Where the parts of a document were written that a program made; undefined for plain JSON. */
export const placesOf = (document: object): (() => Places) | undefined =>
  Reflect.get(document, key) as (() => Places) | undefined // only withPlaces has the key
