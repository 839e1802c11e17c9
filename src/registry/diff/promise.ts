import { partsOf, precedence } from "../compile/highest.ts"
import { classifyVersion } from "../version.ts"
import type { Level } from "./level.ts"

/**
 * What a version says of all that changed since another, by SemVer 2.0.0: `same` that nothing did, `patch` nothing that
 * callers notice but words, `minor` nothing that breaks them, `anything` nothing at all.
 */
export type Promised = "same" | "patch" | "minor" | "anything" | "nothing said"

/** Whether it holds. `undecided`: what changed may break the promise, and it could not be proved to. */
export type Truth = "true" | "lie" | "undecided"

/** What going from one version to a higher one promises. */
export function promised(from: string | undefined, to: string | undefined): Promised {
  if (from === undefined || to === undefined) return "nothing said"
  if (from === to) return "same"
  if (![from, to].every((version) => classifyVersion(version) === "semver")) return "nothing said"
  if (precedence(from, to) === 0) return "patch" // item 10: they differ in build metadata alone
  const [oldCore, oldPre] = partsOf(from)
  const [newCore, newPre] = partsOf(to)
  // Items 4 and 9: before 1.0.0 and in pre-releases anything may change.
  if (oldPre !== "" || newPre !== "" || oldCore.startsWith("0.")) return "anything"
  const [oldMajor, oldMinor] = oldCore.split(".")
  const [newMajor, newMinor] = newCore.split(".")
  if (oldMajor !== newMajor) return "anything"
  return oldMinor === newMinor ? "patch" : "minor"
}

const allowed = {
  same: undefined,
  patch: "words",
  minor: "compatible",
  anything: "breaking",
  "nothing said": "breaking",
} as const satisfies Record<Promised, Level | undefined>

const rank: Readonly<Record<Level, number>> = { words: 0, compatible: 1, breaking: 2 }

/** Whether a version keeps its promise when so much changed. */
export function truthOf(
  promise: Promised,
  { least, most }: { readonly least: Level; readonly most: Level },
): Truth {
  const limit = allowed[promise]
  if (limit === undefined || rank[least] > rank[limit]) return "lie"
  return rank[most] > rank[limit] ? "undecided" : "true"
}

/**
 * The lowest version that tells the truth about a change of `level` since `from`; undefined where versions promise nothing:
 * any other one does.
 */
export function honestVersion(from: string, level: Level): string | undefined {
  if (classifyVersion(from) !== "semver") return
  const [core, pre] = partsOf(from)
  if (pre !== "" || core.startsWith("0.")) return
  const [major = 0n, minor = 0n, patch = 0n] = core.split(".").map(BigInt)
  const next: Readonly<Record<Level, readonly bigint[]>> = {
    words: [major, minor, patch + 1n],
    compatible: [major, minor + 1n, 0n],
    breaking: [major + 1n, 0n, 0n],
  }
  return next[level].join(".")
}
