import { segment } from "../../schema/json.ts"
import { KeysSeen } from "./keys.ts"
import { numberEnd, skipBlank, stringEnd, textAt, wordEnd } from "./lexical.ts"

/** What may come next. */
export type Expecting =
  | "value"
  | "value or ]"
  | "key"
  | "key or }"
  | "colon"
  | "comma or ]"
  | "comma or }"
  | "string"
  | "end"

/** Why a document was not scanned to its end. */
export interface Failure {
  readonly reason: "syntax" | "depth"
  readonly offset: number
  readonly expecting: Expecting
}

/** A place in the text that is well formed but cannot stand. */
export interface Finding {
  readonly reason: "duplicate key" | "lone surrogate" | "not finite"
  readonly offset: number
  readonly pointer: string
}

/** Told of the values at the first two levels, so that they can be parsed one by one. */
export interface Outline {
  /** A value begins as the member of the top-level object whose key begins at `keyStart`; or ends. */
  readonly memberBegins: (keyStart: number, offset: number) => void
  readonly memberEnds: (offset: number) => void
  readonly elementBegins: (offset: number) => void
  readonly elementEnds: (offset: number) => void
}

const [quote, comma, minus, zero, nine, colon] = [0x22, 0x2c, 0x2d, 0x30, 0x39, 0x3a] as const
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d] as const

/** `1e309` is the shortest number beyond all doubles but for those with a longer exponent. */
const finiteLength = 4
const surrogateEscape = /\\u[dD][89a-fA-F]/

/** Findings beyond these say nothing that helps. */
const findingsMax = 100

/**
 * One linear pass over a JSON text (RFC 8259): syntax, depth, equal keys, and what no JSON value can carry. It uses no
 * recursion, so that depth is only a number to it, and stops wherever its driver wants a pause.
 */
export class Scan {
  readonly findings: Finding[] = []
  failure: Failure | undefined
  isDone = false
  readonly #text: string
  readonly #depthMax: number
  readonly #outline: Outline
  readonly #keys: KeysSeen
  readonly #hasSurrogates: boolean
  #at = 0
  #expecting: Expecting = "value"
  /** For each open object the start of its current key, for each open array -1 minus the current index. */
  readonly #path: number[] = []

  constructor(text: string, depthMax: number, outline: Outline) {
    this.#text = text
    this.#depthMax = depthMax
    this.#outline = outline
    this.#keys = new KeysSeen(text)
    this.#hasSurrogates = text.includes("\\u") && surrogateEscape.test(text)
  }

  /** Scans until `offset` is passed, the text ends or something is wrong. */
  runTo(offset: number): void {
    while (this.#at < offset && this.failure === undefined && !this.isDone) this.#next()
  }

  #next(): void {
    this.#at = skipBlank(this.#text, this.#at)
    const code = this.#text.charCodeAt(this.#at)
    switch (this.#expecting) {
      case "value":
        this.#value(code)
        break
      case "key":
        this.#key(code)
        break
      case "value or ]":
      case "key or }":
        this.#first(code)
        break
      case "comma or ]":
      case "comma or }":
        this.#following(code)
        break
      case "colon":
        if (code === colon) this.#step("value")
        else this.#fail()
        break
      default:
        this.isDone = this.#at >= this.#text.length
        if (!this.isDone) this.#fail()
    }
  }

  #first(code: number): void {
    const isArray = this.#expecting === "value or ]"
    if (code === (isArray ? closeBracket : closeBrace)) this.#close()
    else if (isArray) this.#value(code)
    else this.#key(code)
  }

  #following(code: number): void {
    const isArray = this.#expecting === "comma or ]"
    if (code === (isArray ? closeBracket : closeBrace)) this.#close()
    else if (code !== comma) this.#fail()
    else if (isArray) this.#nextElement()
    else this.#step("key")
  }

  #step(expecting: Expecting): void {
    this.#at++
    this.#expecting = expecting
  }

  #nextElement(): void {
    const top = this.#path.length - 1
    this.#path[top] = (this.#path[top] ?? -1) - 1
    this.#step("value")
  }

  #value(code: number): void {
    this.#begins()
    if (code === openBrace) this.#open("key or }", 0)
    else if (code === openBracket) this.#open("value or ]", -1)
    else this.#scalar(code)
  }

  #scalar(code: number): void {
    const start = this.#at
    if (code === quote) this.#string(start)
    else if (code === minus || (code >= zero && code <= nine))
      this.#to(numberEnd(this.#text, start))
    else this.#to(wordEnd(this.#text, start))
    if (this.failure !== undefined) return
    this.#checkScalar(code, start)
    this.#ended()
  }

  #open(expecting: Expecting, path: number): void {
    if (this.#path.length >= this.#depthMax) {
      this.failure = { reason: "depth", offset: this.#at, expecting: this.#expecting }
      return
    }
    this.#path.push(path)
    if (path === 0) this.#keys.open()
    this.#step(expecting)
  }

  #close(): void {
    const path = this.#path.pop() ?? 0
    if (path >= 0) this.#keys.close()
    this.#at++
    this.#ended()
  }

  #key(code: number): void {
    const start = this.#at
    if (code === quote) this.#string(start)
    else this.#fail()
    if (this.failure !== undefined) return
    this.#path[this.#path.length - 1] = start
    if (this.#keys.isRepeated(start, this.#at)) this.#found("duplicate key", start)
    this.#checkScalar(quote, start)
    this.#expecting = "colon"
  }

  #begins(): void {
    if (this.#path.length === 1) {
      const keyStart = this.#path[0] ?? 0
      if (keyStart >= 0) this.#outline.memberBegins(keyStart, this.#at)
    } else if (this.#path.length === 2) this.#outline.elementBegins(this.#at)
  }

  #ended(): void {
    const depth = this.#path.length
    if (depth === 1) this.#outline.memberEnds(this.#at)
    else if (depth === 2) this.#outline.elementEnds(this.#at)
    const inside = this.#path[depth - 1]
    if (inside === undefined) this.#expecting = "end"
    else this.#expecting = inside >= 0 ? "comma or }" : "comma or ]"
  }

  /** Strings that are no text and numbers that are none would be changed, or refused, by all that follows. */
  #checkScalar(code: number, start: number): void {
    if (code === quote) {
      if (this.#hasSurrogates && !textAt(this.#text, start).isWellFormed())
        this.#found("lone surrogate", start)
    } else if (code <= nine && this.#at - start > finiteLength) {
      if (!Number.isFinite(Number(this.#text.slice(start, this.#at))))
        this.#found("not finite", start)
    }
  }

  #string(start: number): void {
    this.#to(stringEnd(this.#text, start), "string")
  }

  #to(end: number, expecting = this.#expecting): void {
    if (end >= 0) this.#at = end
    else this.failure = { reason: "syntax", offset: -1 - end, expecting }
  }

  #fail(): void {
    this.failure = { reason: "syntax", offset: this.#at, expecting: this.#expecting }
  }

  #found(reason: Finding["reason"], offset: number): void {
    if (this.findings.length < findingsMax)
      this.findings.push({ reason, offset, pointer: this.#pointer() })
  }

  #pointer(): string {
    const keys = this.#path.map((at) => (at >= 0 ? textAt(this.#text, at) : -1 - at))
    return keys.map(segment).join("")
  }
}
