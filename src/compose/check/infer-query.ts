import { type JSONPathQuery, jsonpath } from "json-p3"
import { parsePath } from "../../registry/spec/path.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import {
  arrayOf,
  notThere,
  type Part,
  type Presence,
  type Type,
  unionOf,
  unknown,
} from "../../schema/types/type.ts"

const { NameSelector, IndexSelector, SliceSelector, FilterSelector } = jsonpath.selectors

type Selector = JSONPathQuery["segments"][number]["selectors"][number]

/** One step of a path that leads to one place at most. */
export type Key = string | number

export type Query =
  /** A value or nothing. */
  | { readonly kind: "singular"; readonly keys: readonly Key[] }
  /** Always an array. */
  | { readonly kind: "plural"; readonly segments: readonly Segment[] }

interface Segment {
  readonly selectors: readonly Selector[]
  readonly isDescent: boolean
  /** Where it leads to one place at most. */
  readonly key: Key | undefined
}

/** The same few paths are looked at again and again. */
const known = new Map<string, Query | undefined>()
const knownMax = 1_000

/** Undefined for a path that cannot be read, which registration has refused. */
export function readQuery(path: string): Query | undefined {
  if (known.has(path)) return known.get(path)
  if (known.size >= knownMax) known.clear()
  const query = parseQuery(path)
  known.set(path, query)
  return query
}

function parseQuery(path: string): Query | undefined {
  const parsed = parsePath(path)
  if (!parsed.ok) return
  const segments = parsed.query.segments.map((segment): Segment => {
    const isDescent = segment.toString().startsWith("..")
    const [key, ...others] = segment.selectors.flatMap(keyOf)
    const isOne = !isDescent && others.length === 0 && segment.selectors.length === 1
    return { selectors: segment.selectors, isDescent, key: isOne ? key : undefined }
  })
  if (!parsed.query.singularQuery()) return { kind: "plural", segments }
  return { kind: "singular", keys: segments.flatMap(({ key }) => key ?? []) }
}

function keyOf(selector: Selector): readonly Key[] {
  if (selector instanceof NameSelector) return [selector.name]
  return selector instanceof IndexSelector ? [selector.index] : []
}

/** What a path yields of a value, by the same rule as `compileSelect`. */
export function inferQuery(path: string, root: Part, anatomy: Anatomy): Part {
  if (path === "$") return root
  const query = readQuery(path)
  if (query === undefined || root.presence === "never") return notThere
  if (query.kind === "singular")
    return query.keys.reduce((part, key) => partAt(part, key, anatomy), root)
  let hits: Hits = { type: root.type, min: 1, max: 1 }
  for (const segment of query.segments) hits = hitsOf(segment, hits, anatomy)
  return { type: arrayOf(hits.type, hits), presence: root.presence }
}

/** The part of a part. */
export function partAt(whole: Part, key: Key, anatomy: Anatomy): Part {
  if (whole.presence === "never") return notThere
  const { type, presence } =
    typeof key === "string" ? anatomy.member(whole.type, key) : anatomy.item(whole.type, key)
  return { type, presence: within(whole.presence, presence) }
}

export function within(whole: Presence, part: Presence): Presence {
  if (whole === "never" || part === "never") return "never"
  return whole === "always" ? part : "maybe"
}

/** What has been found so far, and how often. */
interface Hits {
  readonly type: Type
  readonly min: number
  readonly max: number
}

export function hitsOf({ selectors, isDescent }: Segment, hits: Hits, anatomy: Anatomy): Hits {
  if (isDescent) return { type: unknown, min: 0, max: Infinity }
  const found = selectors.map((selector) => selected(selector, hits.type, anatomy))
  return {
    type: unionOf(found.map(({ type }) => type)),
    min: hits.min * sum(found.map(({ min }) => min)),
    max: times(hits.max, sum(found.map(({ max }) => max))),
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
/** Nothing, however often, is nothing. */
const times = (left: number, right: number) => (left === 0 || right === 0 ? 0 : left * right)

/** What a selector finds in one value of the type. */
function selected(selector: Selector, type: Type, anatomy: Anatomy): Hits {
  const [key] = keyOf(selector)
  if (key !== undefined) {
    const part = partAt({ type, presence: "always" }, key, anatomy)
    const [min, max] = [part.presence === "always" ? 1 : 0, part.presence === "never" ? 0 : 1]
    return { type: part.type, min, max }
  }
  const items = anatomy.items(type)
  if (selector instanceof SliceSelector) {
    if (items === undefined) return { type: notThere.type, min: 0, max: 0 }
    return { type: items.type, min: 0, max: Math.min(items.max, sliceMax(selector)) }
  }
  const isArray = items !== undefined && anatomy.isArray(type)
  if (!isArray) return { type: anatomy.children(type), min: 0, max: Infinity }
  return selector instanceof FilterSelector ? { ...items, min: 0 } : items
}

function sliceMax({ start = 0, stop, step = 1 }: InstanceType<typeof SliceSelector>): number {
  const isPlain = step === 1 && start >= 0 && stop !== undefined && stop >= 0
  return isPlain ? Math.max(0, stop - start) : Infinity
}
