import { isList, isObject, type Json, member, segment } from "../../schema/json.ts"
import { escaped } from "./hidden-text.ts"

/** One place where two values differ. */
export interface FieldChange {
  /** A JSON Pointer (RFC 6901). */
  readonly at: string
  /** JSON, cut at 2 KB around the difference, with hidden characters as `\uXXXX`. Absent: there was nothing. */
  readonly before?: string
  readonly after?: string
}

/** Characters of one text that are shown, and of what stands before a difference that is far into a long one. */
const shownMax = 2_048
const contextChars = 64
/** Deeper places are not told apart: the value that holds them is the difference. */
const depthMax = 64
/** Places that are told. */
const changesMax = 100

/** Every place where `after` is not as `before`, in the order of the keys; the first 100. */
export function fieldDiff(before: Json | undefined, after: Json | undefined): FieldChange[] {
  const changes: FieldChange[] = []
  compare({ at: "", before, after, depth: 0 }, changes)
  return changes
}

interface Pair {
  readonly at: string
  readonly before: Json | undefined
  readonly after: Json | undefined
  readonly depth: number
}

function compare(pair: Pair, changes: FieldChange[]): void {
  const { at, before, after } = pair
  if (changes.length === changesMax || before === after) return
  const inside = pairsIn(pair)
  if (inside !== undefined) for (const one of inside) compare(one, changes)
  else {
    const [was, is] = [textOf(before), textOf(after)]
    if (was !== is || was === unshown) changes.push({ at: escaped(at), ...shown(was, is) })
  }
}

/** The pairs of members or items; undefined where the two are to be compared as a whole. */
function pairsIn({ at, before, after, depth }: Pair): Pair[] | undefined {
  if (depth === depthMax) return
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return keys.map((key) => ({
      at: at + segment(key),
      before: member(before, key),
      after: member(after, key),
      depth: depth + 1,
    }))
  }
  if (!isList(before) || !isList(after)) return
  const longer = before.length > after.length ? before : after
  return longer.map((_, index) => ({
    at: `${at}/${index}`,
    before: before[index],
    after: after[index],
    depth: depth + 1,
  }))
}

/** May be a difference, and nobody could tell. */
const unshown = "(nested too deeply to be shown)"

function textOf(value: Json | undefined): string | undefined {
  try {
    return value === undefined ? undefined : JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return unshown
    throw error
  }
}

/** What two long texts have in common tells nothing, and the difference may stand at their ends. */
function shown(before: string | undefined, after: string | undefined): Omit<FieldChange, "at"> {
  const isLong = Math.max(before?.length ?? 0, after?.length ?? 0) > shownMax
  const start = isLong ? Math.max(0, firstDifference(before ?? "", after ?? "") - contextChars) : 0
  return {
    ...(before !== undefined && { before: cut(before, start) }),
    ...(after !== undefined && { after: cut(after, start) }),
  }
}

function firstDifference(one: string, other: string): number {
  let index = 0
  while (index < one.length && one[index] === other[index]) index++
  return index
}

function cut(text: string, start: number): string {
  const full = escaped(text.slice(start, start + shownMax).toWellFormed())
  const short = full.slice(0, shownMax).replace(/\\u[\da-f]{0,3}$|[\ud800-\udbff]$/, "") // no half of anything
  const isWhole = start + shownMax >= text.length && full.length <= shownMax
  return `${start === 0 ? "" : "…"}${isWhole ? full : `${short}…`}`
}
