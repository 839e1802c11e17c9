import type { Json } from "../../../schema/json.ts"
import type { Op } from "../expr.ts"
import { compileQuery } from "../paths.ts"
import { fail, type Run, spendText } from "../run.ts"
import { compareKeys, type SortKey, sortKey } from "../values.ts"
import type { Row } from "./rows.ts"

/** Stable. Items without the field are last in both orders. */
export function compileSort({ field, order }: Extract<Op, { op: "sort" }>) {
  const query = compileQuery(field)
  const sign = order === "asc" ? 1 : -1
  return (rows: readonly Row[], run: Run): readonly Row[] => {
    const keyed: { readonly row: Row; readonly key: SortKey }[] = []
    const missing: Row[] = []
    for (const row of rows) {
      const found = query(row.value, run)
      const key = found === undefined ? undefined : paidKey(found, run)
      if (key !== undefined) keyed.push({ row, key })
      else missing.push(row)
    }
    keyed.sort((left, right) => sign * compareKeys(left.key, right.key))
    return [...keyed.map(({ row }) => row), ...missing]
  }
}

/** What a value is sorted by, if the run can pay for it. */
export function paidKey(value: Json, run: Run): SortKey | undefined {
  if (run.error !== undefined) return
  const key = sortKey(value)
  if (key === undefined) return fail(run, "a value that is sorted by is nested too deep")
  if (typeof key.of === "string") spendText(run, key.of)
  return key
}
