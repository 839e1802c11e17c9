import type { EndedRun } from "../../src/call/composition/compositions.ts"
import type { Planned } from "../../src/compose/load.ts"
import type { Report } from "../../src/compose/run/state/background.ts"
import { Runs } from "../../src/server/compositions.ts"
import type { Config } from "../../src/server/config/config.ts"
import { defaultLimits, type Limits } from "../../src/server/limits.ts"
import { createLog } from "../../src/server/log.ts"

export interface RunsSketch {
  readonly plans?: Planned["plans"]
  readonly limits?: Partial<Limits>
  readonly state?: Partial<Pick<Config["state"], "runs" | "runIds">>
}

/** What a gateway of a test runs compositions with, in real time, and what it told of them. */
export function openRuns({ plans, limits, state }: RunsSketch = {}) {
  const ended: EndedRun[] = []
  const detached: Report[] = []
  const durable: string[] = []
  const runs = new Runs(
    {
      limits: { ...defaultLimits, ...limits },
      state: { runs: { kind: "memory" }, runIds: "all", ...state },
    },
    {
      onEnded: (run) => void ended.push(run),
      onDetached: (report) => void detached.push(report),
      onDurable: ({ id }, status) => void durable.push(`${status} ${id}`),
      onRecovered: ({ id }) => void durable.push(`recovered ${id}`),
      log: createLog({ level: "silent", to: "stderr" }),
    },
  )
  if (plans !== undefined) runs.use(plans)
  return { runs, ended, detached, durable }
}
