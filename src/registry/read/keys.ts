import { textAt } from "./lexical.ts"

/** The keys of an object are compared by hash in a list up to here, and by a set beyond. */
const listMax = 16

/**
 * Finds the second of two equal keys of one object without making a string of every key: keys are hashed where they
 * stand, and only when two hashes agree are the keys themselves compared.
 */
export class KeysSeen {
  readonly #text: string
  readonly #hashes: number[] = []
  readonly #starts: number[] = []
  /** Where the keys of each open object begin in the lists above. */
  readonly #bases: number[] = []
  readonly #sets: (Set<string> | undefined)[] = []

  constructor(text: string) {
    this.#text = text
  }

  open(): void {
    this.#bases.push(this.#hashes.length)
    this.#sets.push(undefined)
  }

  close(): void {
    const base = this.#bases.pop() ?? 0
    this.#sets.pop()
    this.#hashes.length = base
    this.#starts.length = base
  }

  /** Whether the key between its quotes at `start` and `end` is not the first of its name in the innermost object. */
  isRepeated(start: number, end: number): boolean {
    const base = this.#bases.at(-1) ?? 0
    const set = this.#sets.at(-1)
    if (set !== undefined) return isIn(set, this.#key(start))
    if (this.#hashes.length - base >= listMax) {
      const all = new Set(this.#starts.slice(base).map((at) => this.#key(at)))
      this.#sets[this.#sets.length - 1] = all
      return isIn(all, this.#key(start))
    }
    return this.#isInList(base, start, end)
  }

  #isInList(base: number, start: number, end: number): boolean {
    const hash = this.#hash(start, end)
    for (let index = base; index < this.#hashes.length; index++) {
      if (this.#hashes[index] !== hash) continue
      if (this.#key(this.#starts[index] ?? 0) === this.#key(start)) return true
    }
    this.#hashes.push(hash)
    this.#starts.push(start)
    return false
  }

  /** Of the key as it is meant: `"\\u0061"` and `"a"` are the same key. */
  #hash(start: number, end: number): number {
    let hash = 0
    for (let at = start + 1; at < end - 1; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === 0x5c) return hashOf(this.#key(start))
      hash = (Math.imul(hash, 31) + code) | 0
    }
    return hash
  }

  #key(start: number): string {
    return textAt(this.#text, start)
  }
}

function isIn(set: Set<string>, key: string): boolean {
  if (set.has(key)) return true
  set.add(key)
  return false
}

function hashOf(key: string): number {
  let hash = 0
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0
  return hash
}
