import type { Join } from "../plan/plan.ts"

/** How the steps of a graph stand. Skipped ones count for nothing. */
export interface Score {
  readonly ok: number
  readonly failed: number
  /** Not settled yet. */
  readonly open: number
}

/**
 * Whether a graph has its answer (compositions §8); undefined as long as it has to wait. With `partial` it waits for all
 * that may still come, also when the number that was asked for cannot be reached any more.
 */
export function judge(join: Join, { ok, failed, open }: Score): "success" | "failure" | undefined {
  if (join.failFast && failed > 0) return "failure"
  if (join.wait !== "all" && ok >= join.wait) return "success"
  const isEnough = join.need === "all" ? failed === 0 : ok >= join.need
  const isPossible = join.need === "all" ? failed === 0 : ok + open >= join.need
  if (!isPossible && !join.partial) return "failure"
  if (open > 0) return
  return isEnough || (join.partial && ok > 0) ? "success" : "failure"
}
