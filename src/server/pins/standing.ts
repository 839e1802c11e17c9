import { hash } from "node:crypto"
import type { Level } from "../../call/gateway.ts"
import type { Drift, DriftKind } from "../../registry/pins/drift.ts"
import type { ToolFinding } from "../../registry/pins/judge-server.ts"
import type { Approval } from "../../registry/pins/lock.ts"

/**
 * How a tool stands. `pinned`: as it was pinned; `approved`: the same, of a pin that took the place of another.
 * `drifted`: not as it was pinned, and called all the same; `withheld`: not called. `gone`: its server no longer lists
 * it. `unpinned`: it is not in the lock.
 */
export type State = "pinned" | "approved" | "drifted" | "withheld" | "gone" | "unpinned"

export const states: readonly State[] = [
  "pinned",
  "approved",
  "drifted",
  "withheld",
  "gone",
  "unpinned",
]

export interface Standing {
  readonly state: State
  readonly drift: Drift | undefined
  readonly approval: Approval | undefined
  /** Nobody is told: configuration allows it. */
  readonly isSilent: boolean
  /** Equal for equal standings. */
  readonly mark: string
}

/** What a finding comes to under `definitionDrift`. */
export function standingOf(finding: ToolFinding, level: Level): Standing {
  const { drift, approval } = finding
  const state = stateOf(finding, level)
  const isSilent = drift === undefined || isAllowed(drift.kinds, level)
  const about = drift && hash("sha256", JSON.stringify(drift))
  return { state, drift, approval, isSilent, mark: `${state} ${about ?? approval?.at ?? ""}` }
}

function stateOf({ state, drift, approval }: ToolFinding, level: Level): State {
  if (drift === undefined) return state === "pinned" && approval !== undefined ? "approved" : state
  if (drift.kinds.includes("gone") || drift.kinds.includes("renamed")) return "gone"
  return level === "deny" && drift.kinds.some((kind) => grave.has(kind)) ? "withheld" : "drifted"
}

/** What a model would read, or what would become of its calls. */
const grave: ReadonlySet<DriftKind> = new Set<DriftKind>([
  "words",
  "schema",
  "hidden_text",
  "oversize",
])
/** What is told whatever is allowed: text that hides is nobody's wish, and a tool that is gone is no change of words. */
const told: ReadonlySet<DriftKind> = new Set<DriftKind>(["hidden_text", "gone", "renamed"])

const isAllowed = (kinds: readonly DriftKind[], level: Level): boolean =>
  level === "allow" && !kinds.some((kind) => told.has(kind))

const isNews = (standing: Standing | undefined): boolean =>
  standing?.drift !== undefined && !standing.isSilent

/** Whether a change should be reported: to a drift, to another drift, or back. */
export const isToldOf = (before: Standing | undefined, after: Standing): boolean =>
  before?.mark !== after.mark && (isNews(before) || isNews(after))
