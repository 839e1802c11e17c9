import type { Graph } from "./plan.ts"

/**
 * The steps of a graph in rows: those of one row wait for nothing but earlier ones, so they may run at the same time. A
 * step begins as soon as its own have settled, whatever else there is in the row before.
 */
export function rowsOf({ steps }: Pick<Graph, "steps">): readonly (readonly string[])[] {
  const rows: string[][] = []
  const rowOf = new Map<string, number>()
  for (const { id, after } of steps) {
    const row = Math.max(0, ...after.map((earlier) => (rowOf.get(earlier) ?? -1) + 1))
    rowOf.set(id, row)
    rows[row] = [...(rows[row] ?? []), id]
  }
  return rows
}

/** The steps that only the graph itself waits for. Nobody waits for a detached one. */
export function endsOf({ steps }: Pick<Graph, "steps">): readonly string[] {
  const kept = steps.filter(({ policies }) => !policies.detached)
  const waited = new Set(kept.flatMap(({ after }) => after))
  return kept.flatMap(({ id }) => (waited.has(id) ? [] : id))
}
