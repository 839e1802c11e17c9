import type { StepEvent, StepStatus } from "../report.ts"
import type { EventHeader } from "./journal.ts"

/**
 * What an event in the journal says of a step, for whoever follows a run that another process drives; undefined: not that
 * one has settled, or is being undone. A call that failed may be tried again.
 */
export function stepEventOf({
  kind,
  step,
}: Pick<EventHeader, "kind" | "step">): StepEvent | undefined {
  switch (kind) {
    case "ok":
      return settled(step, "ok")
    case "skip":
      return settled(step, "skipped")
    case "undo":
      return { kind: "undoing", id: step }
    default:
      return
  }
}

const settled = (id: string, status: StepStatus): StepEvent => ({
  ...{ kind: "settled", id, status },
  ...{ attempts: 0, ms: 0, effect: "none" },
})
