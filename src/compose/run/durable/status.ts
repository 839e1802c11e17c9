/**
 * How a durable run stands (compositions §10.1).
 *
 * - `running`: it goes forward
 * - `waiting`: for a person's answer
 * - `compensating`: it undoes what it did, and never goes forward again
 * - `parked`: it needs an operator
 * - the others are ends, and the result is stored
 */
export const runStatuses = [
  "running",
  "waiting",
  "compensating",
  "parked",
  "completed",
  "compensated",
  "failed",
  "abandoned",
] as const

export type RunStatus = (typeof runStatuses)[number]

const legal: { readonly [from in RunStatus]: readonly RunStatus[] } = {
  running: ["waiting", "completed", "compensating", "parked", "failed"],
  waiting: ["running", "compensating", "failed"],
  compensating: ["compensated", "parked"],
  parked: ["running", "compensating", "abandoned"],
  completed: [],
  compensated: [],
  failed: [],
  abandoned: [],
}

/** Nothing comes after it. */
export const isTerminal = (status: RunStatus): boolean => legal[status].length === 0

/** Somebody has to drive it, or to answer it: it has no end and needs no operator. */
export const isOpen = (status: RunStatus): boolean => status !== "parked" && !isTerminal(status)

/** Throws for a step that no run can take: a bug. `parkedFrom` is where a parked run came from. */
export function checkTransition(from: RunStatus, to: RunStatus, parkedFrom?: RunStatus): void {
  const isBack = from === "parked" && to === "running" && parkedFrom !== "running"
  if (!legal[from].includes(to) || isBack)
    throw new Error(`a run that is ${from} cannot become ${to}`)
}
