import type { Json, JsonObject } from "../../schema/json.ts"
import { parseJson } from "../../schema/parse-json.ts"
import { textAt } from "./lexical.ts"
import type { Outline } from "./scan.ts"

/** The members of the top-level object whose elements are parsed one by one. */
const sections: ReadonlySet<string> = new Set(["schemas", "servers", "tools", "agents"])

interface Member {
  readonly key: string
  readonly start: number
  end: number
  /** Start and end of each element, alternating; undefined when the member is parsed as a whole. */
  readonly elements: number[] | undefined
}

/** Parsing stops for a pause when this many characters were parsed since the last. */
const sliceMax = 64 * 1024

/** Where the parts of a document stand in its text, so that they can be parsed with pauses between them. */
export class DocumentOutline implements Outline {
  readonly #text: string
  readonly #members: Member[] = []
  #current: Member | undefined
  /** How many elements the four sections hold. */
  elements = 0

  constructor(text: string) {
    this.#text = text
  }

  memberBegins(keyStart: number, offset: number): void {
    const key = textAt(this.#text, keyStart)
    const isList = sections.has(key) && this.#text[offset] === "["
    this.#current = { key, start: offset, end: offset, elements: isList ? [] : undefined }
    this.#members.push(this.#current)
  }

  memberEnds(offset: number): void {
    if (this.#current !== undefined) this.#current.end = offset
  }

  elementBegins(offset: number): void {
    if (this.#current?.elements === undefined) return
    this.#current.elements.push(offset)
    this.elements++
  }

  elementEnds(offset: number): void {
    this.#current?.elements?.push(offset)
  }

  /** The document's tree. The text must have been scanned without a failure. */
  *parse(): Generator<void, JsonObject, void> {
    const members: [string, Json][] = []
    for (const { key, start, end, elements } of this.#members) {
      if (elements === undefined) members.push([key, this.#parse(start, end)])
      else members.push([key, yield* this.#parseElements(elements)])
      yield
    }
    return Object.fromEntries(members)
  }

  *#parseElements(offsets: readonly number[]): Generator<void, Json[], void> {
    const list: Json[] = []
    let paused = 0
    for (let index = 0; index < offsets.length; index += 2) {
      const [start = 0, end = 0] = [offsets[index], offsets[index + 1]]
      list.push(this.#parse(start, end))
      if (end - paused < sliceMax) continue
      paused = end
      yield
    }
    return list
  }

  #parse(start: number, end: number): Json {
    return parseJson(this.#text.slice(start, end)) as Json
  }
}
