import { isDeepStrictEqual } from "node:util"
import { distinct } from "../../portable/import/names.ts"
import type { Candidate } from "./candidates.ts"
import type { State } from "./state.ts"

/** A candidate under the name that the registry will know it by. */
export interface Named extends Candidate {
  /** Its entry in the configuration, which then is what counts. */
  readonly key: string | undefined
  /** The version that the entry names. */
  readonly version: string | undefined
  /** What the file of the client says is not what the configuration says. */
  readonly differs: boolean
}

/**
 * The names of servers: those that the configuration has for their addresses, so that what people rename stays renamed; else
 * their own, and a number where two have one.
 */
export function nameCandidates(
  candidates: readonly Candidate[],
  { config }: State,
): readonly Named[] {
  const wanted = unrepeated(candidates)
  const known = matches(wanted, config.servers)
  const matched = wanted.map((candidate): Named => {
    const own = known.get(candidate)
    if (own === undefined)
      return { ...candidate, key: undefined, version: undefined, differs: false }
    const { entry = candidate.entry, key, name, version } = own
    const differs = !isDeepStrictEqual(entry, candidate.entry)
    const checked = entry as Candidate["entry"] // when it is read
    return { ...candidate, name, key, version, differs, entry: checked, isUnnamed: false }
  })
  const names = distinct(
    matched.map(({ name }) => name),
    matched.map(({ key }) => key !== undefined),
  )
  return matched.map((candidate, index) => ({ ...candidate, name: names[index] ?? candidate.name }))
}

type Entry = State["config"]["servers"][number]

/** An address says more than a name, and both together the most; each entry of the configuration is one candidate's. */
function matches(
  candidates: readonly Candidate[],
  entries: readonly Entry[],
): ReadonlyMap<Candidate, Entry> {
  const found = new Map<Candidate, Entry>()
  const free = new Set(entries)
  const isNamed = (entry: Entry, { name }: Candidate) => entry.name === name
  const isThere = ({ entry }: Entry, candidate: Candidate) => isSameAddress(entry, candidate.entry)
  const rules = [
    (entry: Entry, candidate: Candidate) => isNamed(entry, candidate) && isThere(entry, candidate),
    isThere,
    isNamed,
  ]
  for (const rule of rules)
    for (const candidate of candidates) {
      if (found.has(candidate)) continue
      const [first, ...others] = [...free].filter((entry) => rule(entry, candidate))
      if (first === undefined || (rule === isNamed && others.length > 0)) continue
      found.set(candidate, first)
      free.delete(first)
    }
  return found
}

/** The servers of the configuration itself, to ask them again. */
export const configuredCandidates = ({ config }: State): readonly Named[] =>
  config.servers.map(({ entry = {}, key, name, version }) => ({
    name,
    key,
    version,
    entry: entry as Candidate["entry"], // checked when it is read
    isUnnamed: false,
    differs: false,
    from: config.file,
  }))

/** Two files of clients often name the same servers. */
function unrepeated(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ entry, name }, index) =>
    candidates
      .slice(0, index)
      .every((other) => other.name !== name || !isDeepStrictEqual(other.entry, entry)),
  )
}

/** What runs or is called, whatever it is given besides. */
function isSameAddress(entry: unknown, other: Candidate["entry"]): boolean {
  if (typeof entry !== "object" || entry === null) return false
  const { args = [], command, url } = entry as { args?: unknown; command?: unknown; url?: unknown }
  return "url" in other
    ? url === other.url
    : command === other.command && isDeepStrictEqual(args, other.args ?? [])
}
