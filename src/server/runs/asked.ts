import { type RunStatus, runStatuses } from "../../compose/run/durable/status.ts"
import type { ListAsked } from "./desk.ts"

const listMax = 1_000
const listUsual = 100
/** No name and no id has such characters, and not every database can be asked for them. */
const unwritten = /^$|\p{Cc}/u

/** What a list is asked for, or what is wrong with it. */
export function listAsked(query: URLSearchParams): ListAsked | string {
  const status = query.getAll("status")
  const unknown = status.find((word) => !isStatus(word))
  if (unknown !== undefined) return `status: expected one of ${runStatuses.join(", ")}`
  const limit = query.get("limit") ?? String(listUsual)
  const max = /^\d{1,4}$/.test(limit) ? Number(limit) : 0
  if (max < 1 || max > listMax) return `limit: expected 1 to ${listMax}`
  const [tool, after] = [query.get("tool"), query.get("after")]
  if (tool !== null && unwritten.test(tool)) return "tool: expected the name of a composition"
  if (after !== null && unwritten.test(after)) return "after: expected the id of a run"
  return {
    max,
    ...(status.length > 0 && { status: status.filter(isStatus) }),
    ...(tool !== null && { tool }),
    ...(after !== null && { after }),
  }
}

const isStatus = (word: string): word is RunStatus => runStatuses.some((status) => status === word)
