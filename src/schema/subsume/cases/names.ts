import type { MembersClause } from "../clauses/clause.ts"
import { kinds } from "../clauses/kinds.ts"
import { isAnything, type Node } from "../clauses/node.ts"
import type { Matches } from "../judge/matcher.ts"
import { casesOf } from "./cases.ts"
import type { Case } from "./facts.ts"
import { canMatchTogether } from "./prefixes.ts"

/** What the clause asks of the member `name`; undefined when it cannot be told whether a pattern covers the name. */
export function nodesFor(
  { properties, patterns, additional }: MembersClause,
  name: string,
  matches: Matches,
): readonly Node[] | undefined {
  const own = properties.get(name)
  const nodes = own === undefined ? [] : [own]
  for (const [source, node] of patterns) {
    const isCovered = matches(source, name)
    if (isCovered === undefined) return
    if (isCovered) nodes.push(node)
  }
  if (nodes.length > 0 || additional === undefined) return nodes
  return [additional]
}

/** What holds of the member `name` in every object of the case; less than that where patterns cannot be told. */
export const nodesOf = (whole: Case, name: string, matches: Matches): readonly Node[] =>
  whole.members
    .flatMap((clause) => nodesFor(clause, name, matches) ?? [])
    .filter((node) => !isAnything(node))

/**
 * Names that nothing lists, told apart by the patterns that cover them and no others. Objects have members of endless
 * names, but schemas treat all of a group alike.
 */
export type NameGroup = ReadonlySet<string>

export const nodesForGroup = (
  { patterns, additional }: MembersClause,
  group: NameGroup,
): readonly Node[] => {
  const nodes = patterns.filter(([source]) => group.has(source)).map(([, node]) => node)
  const isCovered = patterns.some(([source]) => group.has(source))
  return isCovered || additional === undefined ? nodes : [additional]
}

export const nodesOfGroup = (whole: Case, group: NameGroup): readonly Node[] =>
  whole.members
    .flatMap((clause) => nodesForGroup(clause, group))
    .filter((node) => !isAnything(node))

/** All names that members can have: some one by one, the others in groups. */
export interface Names {
  readonly listed: readonly string[]
  /** Undefined when there are too many to tell apart. */
  readonly groups: readonly NameGroup[] | undefined
}

/** Each pattern doubles the groups. */
const patternsMax = 5

/** The names that members of objects of the case can have, told apart as finely as `clauses` do, too. */
export function namesOf(whole: Case, clauses: readonly MembersClause[]): Names {
  const all = [...whole.members, ...clauses]
  const listed = new Set(whole.required)
  for (const { properties } of all) for (const name of properties.keys()) listed.add(name)
  const allowed = namesAllowed(whole.names)
  for (const name of allowed.listed) listed.add(name)
  if (allowed.isClosed) return { listed: [...listed], groups: [] }
  const sources = all.flatMap(({ patterns }) => patterns.map(([source]) => source))
  const groups = groupsBy([...new Set([...sources, ...allowed.patterns])])
  return {
    listed: [...listed],
    groups: groups?.filter((group) => allowed.patterns.every((source) => group.has(source))),
  }
}

interface AllowedNames {
  readonly listed: readonly string[]
  /** There are no others. */
  readonly isClosed: boolean
  /** What all of them match. */
  readonly patterns: readonly string[]
}

function namesAllowed(names: readonly Node[]): AllowedNames {
  if (names.length === 0) return { listed: [], isClosed: false, patterns: [] }
  const cases = casesOf(kinds.string, names)
  const [first] = cases
  return {
    listed: cases.flatMap(({ values }) => (values ?? []).map(String)),
    isClosed: cases.every(({ values }) => values !== undefined),
    patterns: (first?.patterns ?? []).filter((source) =>
      cases.every(({ patterns }) => patterns.includes(source)),
    ),
  }
}

function groupsBy(sources: readonly string[]): readonly NameGroup[] | undefined {
  if (sources.length > patternsMax) return
  let groups: readonly (readonly string[])[] = [[]]
  for (const source of sources) groups = groups.flatMap((group) => [group, [...group, source]])
  return groups.filter((group) => canMatchTogether(group, sources)).map((group) => new Set(group))
}
