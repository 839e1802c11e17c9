import { skipBlank, stringEnd, textAt } from "./lexical.ts"

/** A member or element of an object or array that is stepped through. */
export interface Child {
  /** The member's key, or the element's index as text: a key of a JSON Pointer. */
  readonly key: string
  /** Where the key begins, or the element. */
  readonly offset: number
  readonly value: number
}

/** Whether the value at `offset` is an object or an array. */
export const isContainer = (text: string, offset: number): boolean =>
  text[offset] === "{" || text[offset] === "["

/**
 * The next child of the object or array that begins at `container`; `from` is behind its bracket or behind the child
 * before. A number when there is none: the offset behind the container. All of this trusts that the text is JSON.
 */
export function nextChild(
  text: string,
  container: number,
  from: number,
  index: number,
): Child | number {
  let at = skipBlank(text, from)
  if (text[at] === ",") at = skipBlank(text, at + 1)
  if (text[at] === "}" || text[at] === "]" || at >= text.length) return at + 1
  if (text[container] === "[") return { key: String(index), offset: at, value: at }
  const colon = skipBlank(text, stringEnd(text, at))
  return { key: textAt(text, at), offset: at, value: skipBlank(text, colon + 1) }
}

/** The offset behind the value at `from`. */
export function valueEnd(text: string, from: number): number {
  if (text[from] === '"') return stringEnd(text, from)
  return isContainer(text, from) ? containerEnd(text, from) : wordEnd(text, from)
}

const structure = /["{}[\]]/g

function containerEnd(text: string, from: number): number {
  structure.lastIndex = from
  for (let depth = 0; structure.test(text); ) {
    const at = structure.lastIndex - 1
    const character = text[at]
    if (character === '"') structure.lastIndex = stringEnd(text, at)
    else if (character === "{" || character === "[") depth++
    else if (--depth === 0) return at + 1
  }
  return text.length
}

const delimiter = /[,\]}\s]/g

function wordEnd(text: string, from: number): number {
  delimiter.lastIndex = from
  return delimiter.test(text) ? delimiter.lastIndex - 1 : text.length
}
