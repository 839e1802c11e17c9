import { isObject } from "./json.ts"

/**
 * `JSON.parse`, and right also where member names hold escapes: V8 13.6 guesses the next name from the object before and
 * compares it with the raw text, so that `{"a":0,"\"":1}` is read as `{"a":0,"\\":1}` after a few objects of that
 * shape. Then one document would change what another says. `number` reads a number from its text. Throws a SyntaxError.
 */
export function parseJson(text: string, number: (source: string) => unknown = Number): unknown {
  const value: unknown = JSON.parse(text)
  return hasEscapedNames(text) && isMade(value) ? new Reader(text, number).value() : value
}

/** Whether there are names at all. */
const isMade = (value: unknown) => isObject(value) || Array.isArray(value)

/** Whether a member name holds an escape: {@link parseJson} then reads the text token by token. One look at each character. */
export function hasEscapedNames(text: string): boolean {
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", at)) {
    const end = stringEnd(text, at)
    if (text[afterSpace(text, end)] === ":") return true
    at = end
  }
  return false
}

/** The index behind the quote that ends the string in which `at` stands. A loop: a pattern would keep each escape in mind. */
function stringEnd(text: string, at: number): number {
  for (let index = at; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x5c) index++
    else if (code === 0x22) return index + 1
  }
  return text.length
}

const space = /[ \t\n\r]/
function afterSpace(text: string, at: number): number {
  let index = at
  while (index < text.length && space.test(text[index] ?? "")) index++
  return index
}

/** Reads a text that is known to be JSON, and not deeper than the stack. */
class Reader {
  #at = 0
  readonly #text: string
  readonly #number: (source: string) => unknown

  constructor(text: string, number: (source: string) => unknown) {
    this.#text = text
    this.#number = number
  }

  value(token = this.#next()): unknown {
    switch (token[0]) {
      case "{":
        return this.#object()
      case "[":
        return this.#array()
      case '"':
      case "t":
      case "f":
      case "n":
        return JSON.parse(token)
      default:
        return this.#number(token)
    }
  }

  #object(): unknown {
    const members: [string, unknown][] = []
    for (let token = this.#next(); token !== "}"; token = this.#next()) {
      if (token === ",") continue
      this.#next() // the colon
      members.push([JSON.parse(token), this.value()])
    }
    return Object.fromEntries(members) // defines members: `__proto__` is data
  }

  #array(): unknown[] {
    const items: unknown[] = []
    for (let token = this.#next(); token !== "]"; token = this.#next()) {
      if (token !== ",") items.push(this.value(token))
    }
    return items
  }

  #next(): string {
    const start = afterSpace(this.#text, this.#at)
    const first = this.#text[start]
    if (first === undefined) throw new SyntaxError("the JSON text ends too early")
    this.#at = first === '"' ? stringEnd(this.#text, start + 1) : start + 1
    if (!/["{}[\],:]/.test(first)) {
      while (/[^\s,\]}]/.test(this.#text[this.#at] ?? "}")) this.#at++
    }
    return this.#text.slice(start, this.#at)
  }
}
