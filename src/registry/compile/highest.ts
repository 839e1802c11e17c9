import type { Ref } from "../model.ts"
import { classifyVersion } from "../version.ts"

/**
 * The order of versions, highest first: SemVer precedence, then build metadata byte by byte; below them other texts,
 * byte by byte; unversioned last. Used only to show, never to resolve a reference.
 */
export function highestFirst(left: Ref, right: Ref): number {
  return compare(right.version, left.version)
}

function compare(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0
  const rank = rankOf(left) - rankOf(right)
  if (rank !== 0 || left === undefined || right === undefined) return rank
  if (rankOf(left) === opaque) return bytes(left, right)
  return precedence(left, right) || bytes(buildOf(left), buildOf(right))
}

const opaque = 1

function rankOf(version: string | undefined): number {
  if (version === undefined) return 0
  return classifyVersion(version) === "semver" ? 2 : opaque
}

/** Of SemVer versions: https://semver.org/spec/v2.0.0.html#spec-item-11 */
export function precedence(left: string, right: string): number {
  const [leftCore, leftPre] = partsOf(left)
  const [rightCore, rightPre] = partsOf(right)
  const core = identifiers(leftCore, rightCore)
  if (core !== 0) return core
  if (leftPre === "" || rightPre === "") return bytes(rightPre, leftPre)
  return identifiers(leftPre, rightPre)
}

/** Of a SemVer version the three numbers, and the prerelease or "". */
export function partsOf(version: string): readonly [string, string] {
  const [plain = ""] = version.split("+", 1)
  const dash = plain.indexOf("-")
  return dash < 0 ? [plain, ""] : [plain.slice(0, dash), plain.slice(dash + 1)]
}

const buildOf = (version: string): string => {
  const plus = version.indexOf("+")
  return plus < 0 ? "" : version.slice(plus)
}

function identifiers(left: string, right: string): number {
  const lefts = left.split(".")
  const rights = right.split(".")
  for (const [index, one] of lefts.entries()) {
    const other = rights[index]
    if (other === undefined) return 1
    const order = identifier(one, other)
    if (order !== 0) return order
  }
  return lefts.length - rights.length
}

const numeric = /^\d+$/

/** Numbers are compared as digits, because they may be longer than a double is exact; they stand below words. */
function identifier(left: string, right: string): number {
  const isNumber = numeric.test(left)
  if (isNumber !== numeric.test(right)) return isNumber ? -1 : 1
  return (isNumber ? left.length - right.length : 0) || bytes(left, right)
}

function bytes(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
