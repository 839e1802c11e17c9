import { z } from "zod"
import { type LimitName, limitNames, limitTable } from "../limits.ts"
import { duration, printDuration, printSize, size } from "./scalars.ts"

const shape = Object.fromEntries(limitNames.map((name) => [name, limit(name)])) as Readonly<
  Record<LimitName, ReturnType<typeof limit>>
> // every name of the table, by construction

/** The section `limits`: a key for each limit of the table, in the unit it counts. */
export const limits = z.strictObject(shape).prefault({})

function limit(name: LimitName) {
  const { unit, default: usual, min, max, says } = limitTable[name]
  const text = `${says[0]?.toUpperCase()}${says.slice(1)}.`
  switch (unit) {
    case "milliseconds":
      return duration({ min, max }).prefault(printDuration(usual)).describe(text)
    case "bytes":
      return size({ min, max }).prefault(printSize(usual)).describe(text)
    case "count":
      return z.int().min(min).max(max).default(usual).describe(text)
    default:
      throw new TypeError(`no such unit: ${unit satisfies never}`)
  }
}
