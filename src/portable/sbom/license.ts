import known from "./license-ids.json" with { type: "json" }

/** What a licence is written as: whatever it is, every format has a place for it that is sound. */
export type License =
  /** On the SPDX list. */
  | { readonly kind: "id"; readonly id: string }
  /** An SPDX expression (SPDX 2.3, Annex D) of such ids, and of references that only its author can explain. */
  | { readonly kind: "expression"; readonly expression: string; readonly refs: readonly string[] }
  /** Any other words. */
  | { readonly kind: "name"; readonly name: string }

const licenses = byLowerCase(known.licenses)
const exceptions = byLowerCase(known.exceptions)
const reference = /^(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+$/

export function readLicense(written: string): License {
  const text = written.trim()
  const id = licenses.get(text.toLowerCase())
  if (id !== undefined) return { kind: "id", id }
  const reader = new ExpressionReader(text)
  const expression = reader.expression()
  if (expression === undefined || !reader.isAtEnd) return { kind: "name", name: text }
  return { kind: "expression", expression, refs: reader.refs }
}

/** Reads an expression and writes it as the list spells it; undefined for what is none. */
class ExpressionReader {
  readonly refs: string[] = []
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = text.match(/[()]|[^\s()]+/g) ?? []
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  /** Precedence of AND and OR does not matter to whether it is one. */
  expression(depth = 0): string | undefined {
    const parts: string[] = []
    for (;;) {
      const term = this.#term(depth)
      if (term === undefined) return
      parts.push(term)
      const operator = this.#tokens[this.#at]?.toUpperCase()
      if (operator !== "AND" && operator !== "OR") return parts.join(" ")
      parts.push(operator)
      this.#at++
    }
  }

  #term(depth: number): string | undefined {
    if (this.#tokens[this.#at] !== "(") return this.#simple()
    this.#at++
    const inner = depth < 20 ? this.expression(depth + 1) : undefined
    return inner !== undefined && this.#tokens[this.#at++] === ")" ? `(${inner})` : undefined
  }

  #simple(): string | undefined {
    const token = this.#tokens[this.#at++] ?? ""
    if (reference.test(token)) {
      this.refs.push(token)
      return token
    }
    const orLater = token.endsWith("+") ? "+" : ""
    const id = licenses.get(token.slice(0, token.length - orLater.length).toLowerCase())
    if (id === undefined) return
    if (this.#tokens[this.#at]?.toUpperCase() !== "WITH") return id + orLater
    this.#at++
    const exception = exceptions.get((this.#tokens[this.#at++] ?? "").toLowerCase())
    return exception && `${id}${orLater} WITH ${exception}`
  }
}

function byLowerCase(ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map(ids.map((id) => [id.toLowerCase(), id]))
}
