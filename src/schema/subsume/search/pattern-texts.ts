import { compileNative } from "../../pattern/native.ts"
import { parsePattern } from "../../pattern/parse.ts"
import type { Pattern } from "../../pattern/syntax.ts"

/** Texts are not made longer than this by repetition. */
const repeatsMax = 512

/** Texts of at least `min` characters that the pattern is likely to occur in; the caller makes sure. */
export function textsMatching(source: string, min: number): readonly string[] {
  const unicode = compileNative(source)?.unicode === true
  const pattern = parsePattern(source, unicode)
  if (pattern === undefined) return []
  const ways = [0, 1, 2, 3].flatMap((choice) =>
    [0, 1, 2, min].map((extra): Way => ({ choice, extra: Math.min(extra, repeatsMax) })),
  )
  return [...new Set(ways.map((way) => write(pattern, way)))]
}

/** How to decide where a pattern leaves a choice. */
interface Way {
  /** Which of the alternatives and characters. */
  readonly choice: number
  /** Repetitions beyond those that there must be. */
  readonly extra: number
}

function write(pattern: Pattern, way: Way): string {
  switch (pattern.kind) {
    case "atom":
      return writeAtom(pattern.re2, way)
    case "sequence":
      return pattern.items.map((item) => write(item, way)).join("")
    case "choice": {
      const branch = pattern.branches[way.choice % pattern.branches.length]
      return branch === undefined ? "" : write(branch, way)
    }
    case "repeat": {
      const count = Math.min(pattern.min + way.extra, pattern.max, repeatsMax + pattern.min)
      return write(pattern.body, way).repeat(Math.min(count, 4 * repeatsMax))
    }
    case "foreign":
    case "backReference":
      return ""
  }
}

/** What atoms are tried with: letters, digits and signs first that names and numbers are made of. */
const characters = [
  ..."a0A_-.b1B/:@ 9z#",
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
  ..."\n\té日😀",
]

const classes = new Map<string, readonly string[]>()
const classesMax = 500

/** A character of the set that `re2` writes; nothing for assertions, which match between characters. */
function writeAtom(re2: string | undefined, { choice }: Way): string {
  if (re2 === undefined) return "a"
  const fitting = classes.get(re2) ?? charactersOf(re2)
  if (classes.size >= classesMax) classes.clear()
  classes.set(re2, fitting)
  return fitting[choice % Math.max(1, fitting.length)] ?? ""
}

function charactersOf(re2: string): readonly string[] {
  if (/^\\[AzbB]$/.test(re2)) return []
  const source = re2.replaceAll("\\x{", "\\u{")
  const code = /^\\u\{([0-9a-f]+)\}$/.exec(source)?.[1]
  if (code !== undefined) return [String.fromCodePoint(Number.parseInt(code, 16))]
  const set = compileNative(`^${source}$`)
  return set === undefined ? [] : characters.filter((character) => set.test(character)).slice(0, 4)
}
