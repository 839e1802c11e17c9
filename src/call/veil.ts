import type { SourceImplementation } from "../registry/catalog.ts"
import type { Fault } from "../schema/fault.ts"
import { type JsonObject, unescaped } from "../schema/json.ts"

/**
 * What a caller may hear of its arguments' faults against the server's contract, which knows the fields that the caller
 * was not shown: nothing about fields that are hidden or that a default filled, and of the others no list of the
 * fields there are. Empty when nothing is left that the caller could repair.
 */
export function veil(
  faults: readonly Fault[],
  { hidden, defaults, perCaller }: SourceImplementation,
  given: JsonObject,
): readonly Fault[] {
  if (hidden.size + perCaller.size === 0 && Object.keys(defaults).length === 0) return faults
  const isFilled = (key: string) => Object.hasOwn(defaults, key) || perCaller.has(key)
  const isOurs = (key: string) => hidden.has(key) || (isFilled(key) && !Object.hasOwn(given, key))
  return faults.filter(({ at }) => at === "" || !isOurs(firstKey(at))).map(withoutNames)
}

const firstKey = (at: string): string => unescaped(at.split("/", 2)[1] ?? "")

/** The words of a fault may list fields; of the whole, and of a field that is one too many, they do. */
function withoutNames(fault: Fault): Fault {
  const { at, keyword } = fault
  if (at === "") return worded(at, keyword, "arguments that the server accepts")
  const isExtra = keyword === "additionalProperties" || keyword === "unevaluatedProperties"
  return isExtra ? worded(at, keyword, "no such field") : fault
}

const worded = (at: string, keyword: string, expected: string): Fault => ({
  at,
  keyword,
  expected,
  line: `${at || "(whole)"}: expected ${expected}`,
})
