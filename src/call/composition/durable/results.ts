import type { Plan } from "../../../compose/plan/plan.ts"
import type { DriveOptions } from "../../../compose/run/durable/drive.ts"
import { misfitOutput } from "../../../compose/run/fault-words.ts"
import { resultOf } from "../../../compose/run/result/composition-result.ts"
import type { CatalogTool } from "../../../registry/catalog.ts"
import { valueFaults } from "../../check-output.ts"
import type { Gateway } from "../../gateway.ts"

/** What breaks the promise of the composition is a failure of the run, and undone, where the level says so. */
export const faultOf =
  (tool: CatalogTool, { levels, schemas }: Pick<Gateway, "levels" | "schemas">) =>
  (...[value]: Parameters<NonNullable<DriveOptions["faultOf"]>>) => {
    if (levels.outputValidation !== "deny") return
    const faults = valueFaults(value ?? null, tool, schemas)
    return faults && misfitOutput(faults)
  }

/** What callers of a run get, now and later. */
export const durableResult =
  (plan: Plan, runId: string, tool: CatalogTool | undefined): DriveOptions["resultOf"] =>
  (outcome, status) =>
    resultOf(plan, outcome, { runId, status, isStructured: tool?.shown.outputSchema !== undefined })
