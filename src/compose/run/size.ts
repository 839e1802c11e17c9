import { isList, isObject, type Json } from "../../schema/json.ts"

/** The bytes of a value as compact JSON, but for escapes in its texts; what is over `max` is not looked at. */
export const bytesOf = (value: Json, max: number): number => count(value, max, () => true)

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
    this.#bytes += count(value, this.#max - this.#bytes, (part) => {
      if (this.#seen.has(part)) return false
      this.#seen.add(part)
      return true
    })
    return this.#bytes <= this.#max
  }
}

/** With a stack of its own: values are nested as deep as their senders like. */
function count(value: Json, max: number, isCounted: (part: object) => boolean): number {
  let bytes = 0
  const open: Json[] = [value]
  for (let part = open.pop(); part !== undefined && bytes <= max; part = open.pop())
    bytes += typeof part === "object" && part !== null && !isCounted(part) ? 0 : own(part, open)
  return bytes
}

/** What a value takes without those in it, which are put on the stack. */
function own(value: Json, open: Json[]): number {
  if (isList(value)) {
    for (const item of value) open.push(item)
    return value.length + 2
  }
  if (!isObject(value))
    return typeof value === "string" ? Buffer.byteLength(value) + 2 : String(value).length
  let bytes = 2
  for (const [key, member] of Object.entries(value)) {
    bytes += Buffer.byteLength(key) + 4
    open.push(member)
  }
  return bytes
}
