import { isDeepStrictEqual } from "node:util"
import { distinct } from "../../portable/import/names.ts"
import type { Candidate } from "./candidates.ts"
import type { State } from "./state.ts"

/** A candidate under the name that the registry will know it by. */
export interface Named extends Candidate {
  /** Its entry in the configuration, which then is what counts. */
  readonly key: string | undefined
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
  const free = new Set(config.servers)
  const matched = unrepeated(candidates).map((candidate) => {
    const named = [...free].filter(({ name }) => name === candidate.name)
    const same = [...free].filter(({ entry }) => isSameAddress(entry, candidate.entry))
    const both = named.find((one) => same.includes(one))
    const known = both ?? (named.length === 1 ? named[0] : undefined) ?? same[0]
    if (known === undefined) return { ...candidate, key: undefined, differs: false }
    free.delete(known)
    const { entry = candidate.entry, key, name } = known
    const differs = !isDeepStrictEqual(entry, candidate.entry)
    return {
      ...candidate,
      name,
      key,
      differs,
      entry: entry as Candidate["entry"],
      isUnnamed: false,
    } // checked when it is read
  })
  const names = distinct(matched.map(({ name }) => name))
  return matched.map((candidate, index) => ({ ...candidate, name: names[index] ?? candidate.name }))
}

/** The servers of the configuration itself, to ask them again. */
export const configuredCandidates = ({ config }: State): readonly Named[] =>
  config.servers.map(({ entry = {}, key, name }) => ({
    name,
    key,
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
