import { written } from "../../registry/model.ts"
import type { Count } from "../../server/audit/tally.ts"
import type { Refused, Unused, Usage, Used, UserUsage } from "../../server/audit/usage.ts"
import { times } from "./words.ts"

/** As many as a person reads: `--json` has everything. */
const usersMax = 200
const rowsMax = 40

/** The usage for people: each agent with what it could do without first, for that is what the report is for. */
export function* usageWords(usage: Usage): Generator<string> {
  const { from, to, records, agents, compositions, unidentified, others } = usage
  const interval = from === undefined ? "" : `, ${from} to ${to}`
  yield `${records} records${interval}`
  yield* usersWords("agent", agents)
  yield* usersWords("composition", compositions)
  if (unidentified.length > 0) {
    yield ""
    yield "refused before anybody was identified"
    yield* listed(unidentified, refusedWords)
  }
  if (others > 0) yield `${others} records of further callers and refusals are not listed`
}

function* usersWords(kind: string, users: readonly UserUsage[]): Generator<string> {
  for (const user of users.slice(0, usersMax)) {
    yield ""
    yield `${kind} ${user.name === "" ? "without a name" : written(user)}${titleOf(user)}`
    yield* listed(user.unused, unusedWords)
    yield* listed(user.used, usedWords)
    yield* listed(user.refused, refusedWords)
    if (user.unseen > 0) yield `  ${user.unseen} on skills of agents: no record shows their use`
  }
  if (users.length > usersMax) yield `… and ${users.length - usersMax} more`
}

function titleOf({ isRegistered, used, unused, refused }: UserUsage): string {
  if (!isRegistered) return ": not registered"
  if (used.length === 0 && refused.length === 0) return ": never seen"
  return unused.length === 0 ? ": uses all that it declares" : ""
}

function* listed<T>(rows: readonly T[], words: (row: T) => string): Generator<string> {
  for (const row of rows.slice(0, rowsMax)) yield `  ${words(row)}`
  if (rows.length > rowsMax) yield `  … and ${rows.length - rowsMax} more`
}

function unusedWords({ tried, gives, ...tool }: Unused): string {
  const wanted = tried > 0 ? `; ${times(tried)} tried and refused` : ""
  const given = gives.map((server) => `${written(server)} (${times(server.count)})`)
  const keeps =
    given.length === 0
      ? ""
      : `; it alone gives the resources and prompts of ${given.join(", ")}, which are used`
  return `never used  ${written(tool)}${wanted}${keeps}`
}

const usedWords = (used: Used & Count): string =>
  `used        ${written(used)}  ${times(used.count)}, last ${used.last}${used.isDeclared ? "" : "; not in its depends"}`

const refusedWords = ({ code, target, count, last }: Refused & Count): string =>
  `refused     ${target ?? "?"}  ${code}, ${times(count)}, last ${last}`
