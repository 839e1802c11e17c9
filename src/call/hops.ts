import type { JsonObject } from "../schema/json.ts"
import type { Refusal } from "./refusal.ts"

/**
 * How many gateways a request has passed, in its `_meta`: what passes that on, whatever its transport and era, passes this
 * on. Absent: none.
 */
export const hopsKey = "dev.postern/hops"

type Meta = JsonObject | undefined

/**
 * What is no count is too many. Who sends it harms its own request only, and a circle that goes through something that
 * garbles the count must end, too.
 */
function hopsOf(meta: Meta): number {
  const hops = meta?.[hopsKey]
  if (hops === undefined) return 0
  return typeof hops === "number" && Number.isSafeInteger(hops) && hops >= 0 ? hops : unreadable
}
const unreadable = Number.POSITIVE_INFINITY

/** What a request that is sent on says of the way that it has behind it. */
export const hopsOnward = (meta: Meta): JsonObject =>
  meta?.[hopsKey] === undefined ? first : { [hopsKey]: hopsOf(meta) + 1 }
const first: JsonObject = Object.freeze({ [hopsKey]: 1 })

/** Why a request goes no further; undefined where it may. */
export function tooManyHops(subject: string, meta: Meta, most: number): Refusal | undefined {
  const hops = hopsOf(meta)
  if (hops < most) return undefined
  const reason =
    hops === unreadable
      ? `its ${hopsKey} is not a whole number`
      : `it has passed ${hops} gateways, and limits.hops is ${most}`
  return { code: "too_many_hops", subject, reason, fate: "unsent" }
}
