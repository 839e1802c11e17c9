import type { Json, JsonObject } from "../../json.ts"
import { narrow } from "../cases/cases.ts"
import type { Case } from "../cases/facts.ts"
import { namesOf, nodesOf } from "../cases/names.ts"
import { kindNode, requiredNode } from "../clauses/derived.ts"
import { kinds } from "../clauses/kinds.ts"
import { textsMatching } from "./pattern-texts.ts"
import type { Search } from "./search.ts"

/** Members more than an object must have are tried one by one up to this many. */
const membersMax = 8
const valuesMax = 3
/** Objects of more members are not made. */
const sizeMax = 64

/** Objects of the case: with as little as can be, with one member more, and with other values of a member. */
export function* sampleObjects(search: Search, whole: Case): Generator<Json> {
  yield* present(buildObject(search, whole, new Map()))
  const { listed } = namesOf(whole, [])
  const names = [...listed.slice(0, membersMax), ...freshNames(search, whole).slice(0, 2)]
  for (const name of names)
    for (const value of search.samples(nodesOf(whole, name, search.matches)).slice(0, valuesMax))
      yield* present(buildObject(search, whole, new Map([[name, value]])))
}

const present = (object: Json | undefined) => (object === undefined ? [] : [object])

/** An object of the case with the members given, or undefined where no others were found to complete it. */
export function buildObject(
  search: Search,
  whole: Case,
  given: ReadonlyMap<string, Json>,
): JsonObject | undefined {
  if (whole.min > sizeMax) return
  if (whole.splits.length > 0 && given.size > 0) return buildPart(search, whole, given)
  return complete(search, whole, given)
}

/** What is given may decide what else there must be. */
function buildPart(search: Search, whole: Case, given: ReadonlyMap<string, Json>) {
  const [part] = narrow(whole, [...given.keys()].map(requiredNode))
  return part && complete(search, part, given)
}

function complete(search: Search, whole: Case, given: ReadonlyMap<string, Json>) {
  const members = new Map(given)
  for (const name of whole.required) {
    if (members.has(name)) continue
    const [value] = search.samples(nodesOf(whole, name, search.matches))
    if (value === undefined) return
    members.set(name, value)
  }
  if (members.size < whole.min) fill(search, whole, members)
  return members.size > whole.max ? undefined : Object.fromEntries(members)
}

/** Adds members until there are enough. */
function fill(search: Search, whole: Case, members: Map<string, Json>): void {
  for (const name of [...namesOf(whole, []).listed, ...freshNames(search, whole)]) {
    if (members.size >= whole.min) return
    if (members.has(name) || !mayBeCalled(search, whole, name)) continue
    const [value] = search.samples(nodesOf(whole, name, search.matches))
    if (value !== undefined) members.set(name, value)
  }
}

const mayBeCalled = (search: Search, whole: Case, name: string) =>
  whole.names.every((node) => search.judge(node, name).says !== "misfit")

/** Names that the case does not list, such as it allows: some that its patterns cover, and some that nothing does. */
export function freshNames(
  search: Search,
  whole: Case,
  sources: readonly string[] = [],
): readonly string[] {
  const patterns = [
    ...sources,
    ...whole.members.flatMap((clause) => clause.patterns.map(([source]) => source)),
  ]
  const candidates = [
    ...(whole.names.length === 0 ? [] : search.samples([kindNode(kinds.string), ...whole.names])),
    "other",
    ...patterns.flatMap((source) => textsMatching(source, 0)),
    ...Array.from({ length: Math.min(whole.min, sizeMax) }, (_, index) => "a".repeat(index + 1)),
    "a",
    "A",
    "0",
    "_",
    "",
  ]
  const { listed } = namesOf(whole, [])
  const isFresh = (name: string) =>
    name !== "__proto__" && !listed.includes(name) && mayBeCalled(search, whole, name)
  return [...new Set(candidates.map(String))].filter(isFresh)
}
