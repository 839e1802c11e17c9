import type { Json } from "../../../schema/json.ts"
import type { VoteOp } from "../expr.ts"
import { compileQuery } from "../paths.ts"
import { fail, type Run } from "../run.ts"
import { textKey } from "./dedupe.ts"
import type { Row } from "./rows.ts"

interface Group {
  /** The first that voted so. */
  readonly first: Row
  weight: number
}

/** One answer out of several. Ties go to the earlier target. */
export function compileVote(op: VoteOp) {
  const query = compileQuery(op.field)
  return (rows: readonly Row[], run: Run): Json | undefined => {
    const total = rows.reduce((sum, { weight }) => sum + weight, 0)
    const { by, minWeight = 0 } = op
    if (by !== "quorum" && total < minWeight)
      return fail(run, `the answers weigh ${total}, and ${minWeight} is needed`)
    if (by === "all") return rows.map(({ value, weight, source }) => ({ value, weight, source }))
    const groups = groupsOf(rows, (row) => query(row.value, run), run)
    const winner = by === "highest_weight" ? heaviestRow(rows, groups) : heaviest(groups.values())
    if (winner === undefined) return fail(run, "there is no answer to vote on")
    if (by === "quorum" && winner.weight < minWeight)
      return fail(run, `the answers that agree weigh ${winner.weight}, and ${minWeight} is needed`)
    noteConflict(op, { winner, groups, total }, run)
    return winner.first.value
  }
}

/** By what they are grouped by; an answer without it is alone. */
function groupsOf(
  rows: readonly Row[],
  votedOf: (row: Row) => Json | undefined,
  run: Run,
): ReadonlyMap<Row, Group> {
  const byKey = new Map<string, Group>()
  const groups = new Map<Row, Group>()
  for (const row of rows) {
    const voted = votedOf(row)
    const key = voted === undefined ? undefined : textKey(voted, run)
    const group = (key === undefined ? undefined : byKey.get(key)) ?? { first: row, weight: 0 }
    group.weight += row.weight
    groups.set(row, group)
    if (key !== undefined) byKey.set(key, group)
  }
  return groups
}

function heaviest(groups: Iterable<Group>): Group | undefined {
  let best: Group | undefined
  for (const group of groups) if (best === undefined || group.weight > best.weight) best = group
  return best
}

/** The heaviest single answer stands for its group. */
function heaviestRow(rows: readonly Row[], groups: ReadonlyMap<Row, Group>): Group | undefined {
  let best: Row | undefined
  for (const row of rows) if (best === undefined || row.weight > best.weight) best = row
  const group = best && groups.get(best)
  return best && group && { first: best, weight: group.weight }
}

interface Outcome {
  readonly winner: Group
  readonly groups: ReadonlyMap<Row, Group>
  readonly total: number
}

function noteConflict(
  { conflictThreshold }: VoteOp,
  { winner, groups, total }: Outcome,
  run: Run,
): void {
  if (conflictThreshold === undefined || total === 0) return
  const own = groups.get(winner.first)
  const rival = heaviest([...new Set(groups.values())].filter((group) => group !== own))
  if (rival === undefined || rival.weight / total < conflictThreshold) return
  run.notes.push({ kind: "conflict", winner: winner.weight / total, rival: rival.weight / total })
}
