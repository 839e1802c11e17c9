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
