import { written } from "../../registry/model.ts"
import type { EntryRef } from "../../server/audit/entry.ts"

/** `name@version`. */
export const refWords = ({ name, version }: EntryRef): string =>
  written(version === undefined ? { name } : { name, version })

export const times = (count: number): string => (count === 1 ? "once" : `${count} times`)
