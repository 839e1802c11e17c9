import { isList, isObject, member, segment } from "../../json.ts"
import type { Node } from "./node.ts"
import type { Site } from "./read.ts"

/** Undefined for what allows everything, however it is written. */
export function readOne({ book, at, schema }: Site, keyword: string): Node | undefined {
  const value = member(schema, keyword)
  const isIdle = value === undefined || value === true || isList(value)
  if (isIdle || (isObject(value) && Object.keys(value).length === 0)) return
  return book.nodeAt(at + segment(keyword), value)
}

export function readList({ book, at, schema }: Site, keyword: string): Node[] {
  const value = member(schema, keyword)
  if (!isList(value)) return []
  const place = at + segment(keyword)
  return value.map((item, index) => book.nodeAt(place + segment(index), item))
}

export function readMap({ book, at, schema }: Site, keyword: string): Map<string, Node> {
  const value = member(schema, keyword)
  if (!isObject(value)) return new Map()
  const place = at + segment(keyword)
  return new Map(
    Object.entries(value).map(([name, item]) => [name, book.nodeAt(place + segment(name), item)]),
  )
}
