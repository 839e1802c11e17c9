import { isList, type Json, type JsonObject } from "../../schema/json.ts"

/**
 * The bytes of a value as compact JSON, but for escapes in its texts; what is over `max` is not looked at. Of what has been
 * `seen` there are none, and what is looked at has been.
 */
export function bytesOf(value: Json, max: number, seen?: WeakSet<object>): number {
  let bytes = 0
  // A stack of its own: values are nested as deep as their senders like.
  const open: Json[] = [value]
  for (let part = open.pop(); part !== undefined && bytes <= max; part = open.pop()) {
    if (typeof part !== "object" || part === null) bytes += scalarBytes(part)
    else if (seen?.has(part) !== true) {
      seen?.add(part)
      bytes += ownBytes(part, open)
    }
  }
  return bytes
}

const scalarBytes = (value: string | number | boolean | null): number =>
  typeof value === "string" ? Buffer.byteLength(value) + 2 : String(value).length

/** Without what is in it, which is put on the stack. */
function ownBytes(value: readonly Json[] | JsonObject, open: Json[]): number {
  if (isList(value)) {
    for (const item of value) open.push(item)
    return value.length + 2
  }
  let bytes = 2
  for (const key in value) {
    bytes += Buffer.byteLength(key) + 4
    open.push(value[key] ?? null)
  }
  return bytes
}

/** Counts the values of a run; what is only handed on from one step to another counts once. */
export class Meter {
  #bytes = 0
  readonly #max: number
  readonly #seen = new WeakSet<object>()

  constructor(max: number) {
    this.#max = max
  }

  /**
   * Whether a value may go anywhere: written out it is not larger than all values together may be. Where parts of it are
   * the same value it may be, although the run holds that once.
   */
  fits(value: Json): boolean {
    const isHeld = typeof value === "object" && value !== null && this.#seen.has(value)
    return isHeld || bytesOf(value, this.#max) <= this.#max
  }

  /** False when the run holds too much with this value. */
  add(value: Json): boolean {
    if (!this.fits(value)) return false
    this.#bytes += bytesOf(value, this.#max - this.#bytes, this.#seen)
    return this.#bytes <= this.#max
  }
}
