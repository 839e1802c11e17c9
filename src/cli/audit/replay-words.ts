import { written } from "../../registry/model.ts"
import type { Part, Replayed, ReplayRow } from "../../server/audit/replay-count.ts"
import type { Count } from "../../server/audit/tally.ts"
import { times } from "./words.ts"

/** As many as a person reads: `--json` has everything. */
const rowsMax = 100

export function* replayWords(replayed: Replayed): Generator<string> {
  const { calls, refused, allowed, moved, undecided, same } = replayed
  yield* part("would be refused", refused)
  yield* part("would be allowed now", allowed)
  yield* part("would go to another version", moved)
  yield* part("undecided", undecided)
  const found = [
    `${refused.count} would be refused`,
    `${allowed.count} allowed now`,
    `${moved.count} at another version`,
    `${undecided.count} undecided`,
    `${same} as they were`,
  ]
  yield `${calls} calls: ${found.join(", ")}`
}

function* part(title: string, { count, rows }: Part): Generator<string> {
  if (count === 0) return
  yield title
  for (const row of rows.slice(0, rowsMax)) yield `  ${rowWords(row)}`
  const shown = rows.slice(0, rowsMax).reduce((sum, row) => sum + row.count, 0)
  if (count > shown) yield `  … and ${count - shown} calls more`
  yield ""
}

function rowWords(row: ReplayRow & Count): string {
  const { count, last, file, line } = row
  return `${whoWords(row)} → ${targetWords(row)}: ${outcomeWords(row)}; ${times(count)}, last ${last} (${file}:${line})`
}

function whoWords({ caller, by, via }: ReplayRow): string {
  const { name, version } = caller ?? {}
  const who = name === undefined ? "a caller without a name" : written({ name, version })
  const proof = by.length === 0 ? "" : ` (${by.join(", ")})`
  return via === undefined ? `${who}${proof}` : `${via} for ${who}${proof}`
}

function targetWords({ target }: ReplayRow): string {
  if (target === undefined) return "?"
  return target.type === "tool" ? written(target) : `${target.type} ${target.name}`
}

function outcomeWords({ outcome, was }: ReplayRow): string {
  switch (outcome.would) {
    case "refuse":
      return `${outcome.code} — ${outcome.reason}`
    case "allow":
      return was === "allow" ? `goes to ${outcome.to}` : `was ${was}`
    default:
      return outcome.reason
  }
}
