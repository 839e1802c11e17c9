import type { Document } from "yaml"
import type { z } from "zod"
import { nearest } from "../../schema/nearest.ts"
import { keysAt } from "./known.ts"
import type { Path } from "./walk.ts"

type Issue = z.core.$ZodIssue

/** What is wrong with the file's content, and where: in words for people, never with a value of the file. */
export function* explain(issue: Issue, document: Document): Generator<[Path, string]> {
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) yield [[...issue.path, key], unknownKey(issue.path, key)]
    return
  }
  const inner = issue.code === "invalid_union" ? closest(issue.errors) : undefined
  if (inner !== undefined && !(isOwn(issue.message) && inner.every(isWhole))) {
    for (const below of inner)
      yield* explain({ ...below, path: [...issue.path, ...below.path] }, document)
    return
  }
  const isMissing = issue.path.length > 0 && !document.hasIn(issue.path)
  yield [issue.path, isMissing ? "is required" : words(issue)]
}

/** Features that a person may reasonably look for here: said to be absent, rather than taken for a typo. */
const absent = new Map([
  [
    "admin.tls",
    "the admin listener speaks plain HTTP: keep it on loopback, or behind a network policy",
  ],
  ["audit.signingKey", "this version does not sign the audit; anchor its head outside instead"],
  ["egress", "this version reaches only what this file names, so there is nothing to allow"],
])

function unknownKey(path: Path, key: string): string {
  const reason = absent.get([...path, key].map(String).join("."))
  if (reason !== undefined) return reason
  const guess = nearest(key, keysAt(path))
  return guess === undefined ? "unknown key" : `unknown key; did you mean ${guess}?`
}

/** The value itself is wrong, and not something in it: then the union's message says more than that of one branch. */
const isWhole = ({ path }: Issue) => path.length === 0

/** The arm of a union that was meant: the one that the value is at least of the right type for, if exactly one is. */
function closest(arms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const near = arms.filter((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code !== "invalid_type"),
  )
  return near.length === 1 ? near[0] : undefined
}

function words(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return isOwn(issue.message) ? issue.message : `expected ${name(issue.expected)}`
    case "invalid_value":
      return isOwn(issue.message) ? issue.message : `expected ${list(issue.values.map(String))}`
    case "too_big":
      return `expected ${count(issue.origin)}at most ${issue.maximum}`
    case "too_small":
      return isOwn(issue.message) ? issue.message : tooSmall(issue)
    case "invalid_key":
      return issue.issues[0]?.message ?? issue.message
    default:
      return issue.message
  }
}

function tooSmall({ origin, minimum }: z.core.$ZodIssueTooSmall): string {
  if (minimum === 1 && origin === "string") return "is empty"
  if (minimum === 1 && origin === "array") return "expected at least one"
  return `expected ${count(origin)}at least ${minimum}`
}

/** zod's own words begin with a capital letter; those of our schema do not. */
const isOwn = (message: string) => /^[a-z]/.test(message)

const count = (origin: string) => (origin === "string" ? "a length of " : "")

const names = new Map([
  ["object", "a mapping (key: value)"],
  ["record", "a mapping (key: value)"],
  ["array", "a list"],
  ["string", "text"],
  ["number", "a number, without quotes"],
  ["int", "a whole number, without quotes"],
  ["boolean", "true or false, without quotes"],
])
const name = (type: string) => names.get(type) ?? type

function list(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`
}
