import { keysOf } from "../../schema/json.ts"
import { skipBlank } from "./lexical.ts"
import { createLines, type Position, withoutMark } from "./lines.ts"
import { isContainer, nextChild, valueEnd } from "./skim.ts"

/** The pointers that are looked for, as a tree of their keys. */
interface Wanted {
  offset: number | undefined
  below: Map<string, Wanted> | undefined
}

/** Values deeper than this are looked through without a pause; sections' elements are not deep. */
const pauseDepth = 2
const sliceMax = 64 * 1024
/** Pointers looked at between two pauses. */
const pointersMax = 512

/**
 * Where the values are written that the pointers name: members at their key, elements and the whole at their first
 * character, and what does not exist at its nearest ancestor. The text must be JSON. One pass however many pointers
 * there are, and only through the parts that they lead to.
 */
export function* locate(
  text: string,
  pointers: Iterable<string>,
): Generator<void, ReadonlyMap<string, Position>, void> {
  const json = withoutMark(text)
  const root: Wanted = { offset: skipBlank(json, 0), below: undefined }
  const paths = new Map<string, readonly Wanted[]>()
  for (const pointer of pointers) if (!paths.has(pointer)) paths.set(pointer, pathTo(root, pointer))
  yield* findSliced(json, root, skipBlank(json, 0), 0)
  return yield* positions(json, paths)
}

function pathTo(root: Wanted, pointer: string): readonly Wanted[] {
  const path = [root]
  let wanted = root
  for (const key of keysOf(pointer)) {
    wanted.below ??= new Map()
    const next = wanted.below.get(key) ?? { offset: undefined, below: undefined }
    wanted.below.set(key, next)
    path.push(next)
    wanted = next
  }
  return path
}

/** Fills in the offsets at and below the value at `from`. Returns the offset behind it. */
function find(text: string, wanted: Wanted, from: number): number {
  if (wanted.below === undefined || !isContainer(text, from)) return valueEnd(text, from)
  let at = from + 1
  for (let index = 0; ; index++) {
    const child = nextChild(text, from, at, index)
    if (typeof child === "number") return child
    const below = wanted.below.get(child.key)
    if (below !== undefined) below.offset = child.offset
    at = below === undefined ? valueEnd(text, child.value) : find(text, below, child.value)
  }
}

/** The same, with pauses between the elements of the document's sections. */
function* findSliced(
  text: string,
  wanted: Wanted,
  from: number,
  depth: number,
): Generator<void, number, void> {
  if (depth === pauseDepth || wanted.below === undefined || !isContainer(text, from))
    return find(text, wanted, from)
  let at = from + 1
  let paused = at
  for (let index = 0; ; index++) {
    const child = nextChild(text, from, at, index)
    if (typeof child === "number") return child
    const below = wanted.below.get(child.key)
    if (below !== undefined) below.offset = child.offset
    at =
      below === undefined
        ? valueEnd(text, child.value)
        : yield* findSliced(text, below, child.value, depth + 1)
    if (at - paused < sliceMax) continue
    paused = at
    yield
  }
}

/** Line ends are counted once, from the first offset to the last. */
function* positions(
  text: string,
  paths: ReadonlyMap<string, readonly Wanted[]>,
): Generator<void, ReadonlyMap<string, Position>, void> {
  const offsets = [...paths].map(([pointer, path]) => {
    const nearest = path.findLast(({ offset }) => offset !== undefined)
    return { pointer, offset: nearest?.offset ?? 0 }
  })
  offsets.sort((left, right) => left.offset - right.offset)
  const positionOf = createLines(text)
  const found = new Map<string, Position>()
  for (const { pointer, offset } of offsets) {
    found.set(pointer, positionOf(offset))
    if (found.size % pointersMax === 0) yield
  }
  return found
}
