import { type Json, keysOf } from "../../schema/json.ts"
import { skipBlank } from "../read/lexical.ts"
import { isContainer, nextChild, valueEnd } from "../read/skim.ts"
import { printJson } from "./print-json.ts"

/** One change of a JSON document. Pointers are of the document before any edit. */
export type TextEdit =
  /** The member there, new or in place of what is there; its object exists. */
  | { readonly op: "set"; readonly pointer: string; readonly value: Json }
  /** Another element at the end of the list, which is made if its object has none. */
  | { readonly op: "append"; readonly pointer: string; readonly value: Json }
  /** A member or an element. */
  | { readonly op: "remove"; readonly pointer: string }

/**
 * The text of a JSON document (RFC 8259) with some changes made. All else stays as it is written, to the byte; what is
 * new is indented as its surroundings are. Throws a RangeError for a pointer that leads nowhere: the caller made it
 * from this very document.
 */
export function editText(text: string, edits: readonly TextEdit[]): string {
  const tree = new TextTree(text)
  const root = skipBlank(text, 0)
  const changes = new Changes(text, tree)
  for (const edit of edits) {
    const keys = keysOf(edit.pointer)
    const last = keys.pop()
    if (last === undefined) throw new RangeError("the document itself cannot be edited away")
    const holder = keys.reduce((at, key) => tree.below(at, key), root)
    changes.plan(holder, last, edit, keys.length)
  }
  return changes.apply()
}

interface Span {
  /** Where the key begins, or the element. */
  readonly start: number
  readonly value: number
  readonly end: number
}

/** Where the children of objects and lists stand in a text, found out once for each. */
class TextTree {
  readonly #text: string
  readonly #known = new Map<number, ReadonlyMap<string, Span>>()

  constructor(text: string) {
    this.#text = text
  }

  children(container: number): ReadonlyMap<string, Span> {
    const known = this.#known.get(container) ?? new Map(this.#read(container))
    this.#known.set(container, known)
    return known
  }

  below(container: number, key: string): number {
    const span = this.children(container).get(key)
    if (span === undefined) throw new RangeError(`nothing stands at ${key}`)
    return span.value
  }

  *#read(container: number): Generator<[string, Span]> {
    if (!isContainer(this.#text, container)) return
    let at = container + 1
    for (let index = 0; ; index++) {
      const child = nextChild(this.#text, container, at, index)
      if (typeof child === "number") return
      const { key, offset: start, value } = child
      at = valueEnd(this.#text, value)
      yield [key, { start, value, end: at }]
    }
  }
}

/** What happens to one object or list. */
interface Holder {
  readonly depth: number
  readonly removed: Set<string>
  /** New members or elements: each writes itself when all is known, since a list that is made goes on growing. */
  readonly added: (() => string)[]
}

interface Splice {
  readonly from: number
  readonly to: number
  readonly text: string
}

class Changes {
  readonly #text: string
  readonly #tree: TextTree
  readonly #unit: string
  readonly #holders = new Map<number, Holder>()
  /** Lists that are made, by the object that gets them and the key. */
  readonly #made = new Map<string, Json[]>()
  readonly #splices: Splice[] = []

  constructor(text: string, tree: TextTree) {
    this.#text = text
    this.#tree = tree
    this.#unit = /^[\t ]+/m.exec(text)?.[0] ?? "  "
  }

  /** `depth` is that of the holder: 0 for the document. */
  plan(holder: number, key: string, edit: TextEdit, depth: number): void {
    const span = this.#tree.children(holder).get(key)
    if (edit.op === "remove") {
      if (span === undefined) throw new RangeError(`nothing stands at ${edit.pointer}`)
      this.#holder(holder, depth).removed.add(key)
    } else if (edit.op === "append" && span !== undefined) {
      const { value } = edit
      this.#holder(span.value, depth + 1).added.push(() => this.#written(value, depth + 2))
    } else if (span === undefined) this.#addMember(holder, key, edit, depth)
    else {
      const text = this.#written(edit.value, depth + 1)
      this.#splices.push({ from: span.value, to: span.end, text })
    }
  }

  #addMember(
    holder: number,
    key: string,
    { op, value }: TextEdit & { readonly value: Json },
    depth: number,
  ): void {
    const place = `${holder} ${key}`
    const made = this.#made.get(place)
    if (op === "append" && made !== undefined) {
      made.push(value)
      return
    }
    const list = [value]
    if (op === "append") this.#made.set(place, list)
    const member = op === "append" ? list : value
    const { added } = this.#holder(holder, depth)
    added.push(() => `${JSON.stringify(key)}: ${this.#written(member, depth + 1)}`)
  }

  #holder(offset: number, depth: number): Holder {
    const known = this.#holders.get(offset) ?? { depth, removed: new Set(), added: [] }
    this.#holders.set(offset, known)
    return known
  }

  /** JSON whose further lines stand at `depth`. */
  #written(value: Json, depth: number): string {
    return printJson(value, this.#unit, depth)
  }

  #line(depth: number): string {
    return `\n${this.#unit.repeat(depth)}`
  }

  apply(): string {
    for (const [offset, holder] of this.#holders)
      this.#splices.push(...this.#spliced(offset, holder))
    const inOrder = this.#splices.toSorted((one, other) => one.from - other.from)
    let made = ""
    let at = 0
    for (const { from, to, text } of inOrder) {
      if (from < at) continue // inside something that goes
      made += this.#text.slice(at, from) + text
      at = to
    }
    return made + this.#text.slice(at)
  }

  #spliced(offset: number, { added, depth, removed }: Holder): Splice[] {
    const children = [...this.#tree.children(offset)]
    const last = children.findLast(([key]) => !removed.has(key))?.[1]
    const line = this.#line(depth + 1)
    const texts = added.map((write) => write())
    if (last !== undefined) {
      const behind = texts.map((text) => `,${line}${text}`).join("")
      return [{ from: last.end, to: last.end, text: behind }, ...removals(children, removed)]
    }
    const inside = texts.length === 0 ? "" : line + texts.join(`,${line}`) + this.#line(depth)
    return [{ from: offset + 1, to: valueEnd(this.#text, offset) - 1, text: inside }]
  }
}

/** What goes, with the comma that stood before it, or behind it where it was the first. */
function removals(
  children: readonly (readonly [string, Span])[],
  removed: ReadonlySet<string>,
): Splice[] {
  const firstKept = children.findIndex(([key]) => !removed.has(key))
  return children.flatMap(([key, span], index) => {
    if (!removed.has(key)) return []
    const [before, after] = [children[index - 1]?.[1], children[index + 1]?.[1]]
    return index < firstKept
      ? [{ from: span.start, to: after?.start ?? span.end, text: "" }]
      : [{ from: before?.end ?? span.start, to: span.end, text: "" }]
  })
}
